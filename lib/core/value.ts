import { LeaseError } from "./errors.ts";
import { HALF } from "./names.ts";

/**
 * The largest value that can be proclaimed, in bytes as DynamoDB counts them: an item may have 409,600, of which a lease's other
 * attributes take up to 9,600.
 */
const MAX_VALUE_BYTES = 400_000;

/** How deep DynamoDB nests lists and maps. */
const MAX_DEPTH = 32;

/** DynamoDB's smallest number but 0. */
const LEAST = 1e-130;

/** What it costs to nest a value in a list or a map, and to have a list or a map, in bytes. */
const ELEMENT_BYTES = 1;
const CONTAINER_BYTES = 3;

/**
 * Copies a value that is to be proclaimed: what comes back from the table is equal to the copy, and later changes of the original
 * do not matter.
 *
 * Text, numbers that JavaScript counts exactly, true, false, null, bytes (`Uint8Array`), sets of text, of numbers or of bytes, and
 * lists and plain objects of these. A member that is `undefined` is left out, and reads the same when it comes back. All else would not
 * come back as it went, and is refused.
 * @throws {LeaseError} INVALID_ARGUMENT naming the place inside the value, what stands there, and what to do; or the value's
 *   size, and the bound ({@link MAX_VALUE_BYTES})
 */
export function storableValue(value: unknown, lease: string): unknown {
  const copying: Copying = { lease, bytes: 0, above: [] };
  const copy = copyOf(value, "value", copying);
  if (copying.bytes <= MAX_VALUE_BYTES) return copy;
  throw new LeaseError(
    "INVALID_ARGUMENT",
    `lease "${lease}": value is ${copying.bytes} bytes as DynamoDB counts, at most ${MAX_VALUE_BYTES} fit beside the lease; store it elsewhere, and proclaim where`,
    { lease },
  );
}

/** What goes on while one value is copied. */
interface Copying {
  readonly lease: string;
  /** How much there is so far. */
  bytes: number;
  /** The lists and objects that what is being copied is in. */
  readonly above: object[];
}

function refused({ lease }: Copying, path: string, what: string, instead: string): LeaseError {
  return new LeaseError("INVALID_ARGUMENT", `lease "${lease}": ${path} is ${what}; ${instead}`, { lease });
}

function copyOf(value: unknown, path: string, copying: Copying): unknown {
  switch (typeof value) {
    case "string":
      return textOf(value, path, copying);
    case "number":
      return numberOf(value, path, copying);
    case "boolean":
      copying.bytes += 1;
      return value;
    case "bigint":
      throw refused(copying, path, "a bigint, which comes back as a number", "give a number, or text");
    case "undefined":
      throw refused(
        copying,
        path,
        "undefined, which a list cannot keep a place for",
        "give null, or leave it out",
      );
    case "symbol":
    case "function":
      throw refused(copying, path, `a ${typeof value}`, "give what it stands for");
    default:
      return value === null ? nothing(copying) : objectOf(value as object, path, copying);
  }
}

function nothing(copying: Copying): null {
  copying.bytes += 1;
  return null;
}

function textOf(value: string, path: string, copying: Copying): string {
  if (!value.isWellFormed()) {
    throw refused(copying, path, `text with ${HALF}`, "give text that UTF-8 can say, or bytes");
  }
  copying.bytes += new TextEncoder().encode(value).length;
  return value;
}

function numberOf(value: number, path: string, copying: Copying): number {
  const tooSmall = value !== 0 && Math.abs(value) < LEAST;
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER || tooSmall) {
    throw refused(copying, path, `${value}, which comes back as another number or not at all`, "give text");
  }
  copying.bytes += 21; // The most that a number takes.
  return value;
}

function objectOf(value: object, path: string, copying: Copying): unknown {
  const { above } = copying;
  if (kindOf(value) === "Uint8Array") return bytesOf(value as Uint8Array, copying);
  if (above.includes(value)) throw refused(copying, path, "inside itself", "give what ends somewhere");
  if (above.length >= MAX_DEPTH) {
    throw refused(copying, path, `nested more than ${MAX_DEPTH} deep`, "give something flatter");
  }
  above.push(value);
  copying.bytes += CONTAINER_BYTES;
  const copy = containerOf(value, path, copying);
  above.pop();
  return copy;
}

function bytesOf(value: Uint8Array, copying: Copying): Uint8Array {
  copying.bytes += value.length;
  return new Uint8Array(value); // Not `slice`: that of a Buffer shares its memory.
}

function containerOf(value: object, path: string, copying: Copying): unknown {
  if (Array.isArray(value)) {
    // Not `map`, which passes over places that nothing was ever put at.
    return Array.from(value, (element, at) => {
      copying.bytes += ELEMENT_BYTES;
      return copyOf(element, `${path}[${at}]`, copying);
    });
  }
  if (kindOf(value) === "Set") return setOf(value as Set<unknown>, path, copying);
  if (isPlain(value)) return mapOf(value, path, copying);
  const kind = kindOf(value);
  const name = kind === "Object" ? (value.constructor as { readonly name?: string } | undefined)?.name : kind;
  const what = `an instance of ${name || "a class"}, which would come back as something else`;
  throw refused(copying, path, what, "give text, or a plain object");
}

/** What an object is by its own account, also one of another realm (a test runner's, say), where `instanceof` knows it not. */
const kindOf = (value: object): string => Object.prototype.toString.call(value).slice("[object ".length, -1);

/** Whether an object is what braces make, of whatever realm, or has no prototype at all. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (kindOf(value) !== "Object") return false;
  return (
    prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf"))
  );
}

function mapOf(value: object, path: string, copying: Copying): unknown {
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw refused(
      copying,
      path,
      "an object with a symbol for a name, which is lost",
      "give it a name that is text",
    );
  }
  const kept = Object.entries(value).filter(([, member]) => member !== undefined);
  const copied = kept.map(([name, member]) => {
    const place = /^[A-Za-z_$][\w$]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
    if (name === "" || name === "__proto__") {
      throw refused(copying, place, "under a name that is lost on the way", "give it another name");
    }
    copying.bytes += ELEMENT_BYTES;
    textOf(name, `the name of ${place}`, copying);
    return [name, copyOf(member, place, copying)] as const;
  });
  return Object.fromEntries(copied);
}

const isBytes = (one: unknown): boolean =>
  typeof one === "object" && one !== null && kindOf(one) === "Uint8Array";

function setOf(value: Set<unknown>, path: string, copying: Copying): Set<unknown> {
  const elements = [...value];
  const kinds = new Set(elements.map((one) => (isBytes(one) ? "bytes" : typeof one)));
  const [kind = "nothing"] = kinds;
  if (kinds.size !== 1 || !["string", "number", "bytes"].includes(kind)) {
    const of = kinds.size === 0 ? "nothing" : [...kinds].join(" and ");
    throw refused(copying, path, `a set of ${of}`, "give a set of text, of numbers or of bytes, or a list");
  }
  const copied = elements.map((one, at) => copyOf(one, `element ${at} of ${path}`, copying));
  if (kind === "bytes" && new Set(copied.map(String)).size < copied.length) {
    throw refused(copying, path, "a set of bytes with the same bytes twice", "give each once");
  }
  return new Set(copied);
}
