/**
 * Decides what a synthesized template allows, by the rules of IAM that such policies use: a matching `Deny`
 * wins, a matching `Allow` allows, all else is denied. An operator or element that it does not know is an
 * error, so that it never calls a policy tight that it could not read.
 */

/** One request to AWS, with the values that the service puts into its context. */
export interface IamRequest {
  readonly action: string;
  /** The ARN, or the template's expression for it. */
  readonly resource: unknown;
  /** Context keys; a list is a multivalued key. An absent key is absent from the request. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** As much of a template as this file reads. */
interface Template {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
}

interface TemplateResource {
  readonly Type: string;
  readonly Properties?: {
    readonly Roles?: readonly { readonly Ref?: string }[];
    readonly PolicyDocument?: { readonly Statement: readonly Statement[] };
  };
}

const KNOWN_ELEMENTS = new Set(["Sid", "Effect", "Action", "Resource", "Condition"]);
const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
};

/** Gathers the statements that the template attaches to a role, by the role's logical id. */
export function statementsOfRole(template: Template, roleId: string): Statement[] {
  const policies = Object.values(template.Resources ?? {}).filter(
    ({ Type, Properties }) =>
      Type === "AWS::IAM::Policy" && Properties?.Roles?.some((role) => role.Ref === roleId) === true,
  );
  return policies.flatMap(({ Properties }) => Properties?.PolicyDocument?.Statement ?? []);
}

/** Whether the statements allow the request. */
export function isAllowed(statements: readonly Statement[], request: IamRequest): boolean {
  const matching = statements.filter((statement) => matches(statement, request));
  if (matching.some((statement) => statement.Effect === "Deny")) return false;
  return matching.some((statement) => statement.Effect === "Allow");
}

function matches(statement: Statement, request: IamRequest): boolean {
  for (const element of Object.keys(statement)) {
    if (!KNOWN_ELEMENTS.has(element)) throw new Error(`cannot judge a statement with ${element}`);
  }
  return (
    listOf(statement.Action).some((action) => likeArn(action, request.action, "i")) &&
    listOf(statement.Resource).some((resource) => likeArn(resource, request.resource)) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) =>
        holds(operator, listOf(wanted), request.context?.[key] ?? undefined),
      ),
    )
  );
}

function holds(
  operator: string,
  wanted: readonly unknown[],
  actual: string | readonly string[] | undefined,
): boolean {
  const present = actual !== undefined && listOf(actual).length > 0;
  const isWanted = (value: unknown): boolean => wanted.some((one) => text(literal(one)) === text(value));
  switch (operator) {
    case "Null":
      return wanted.some((one) => String(one) === String(!present));
    case "StringEquals":
      return present && listOf(actual).every(isWanted);
    case "ForAllValues:StringEquals":
      return listOf(actual ?? []).every(isWanted);
    case "ForAnyValue:StringEquals":
      return listOf(actual ?? []).some(isWanted);
    default:
      throw new Error(`cannot judge the condition operator ${operator}`);
  }
}

/** IAM reads `${$}` as a dollar sign, and any other `${…}` as a variable, which no value here stands for. */
function literal(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (/\$\{(?!\$\})/.test(value)) throw new Error(`the condition value ${value} has a policy variable`);
  return value.replaceAll("${$}", "$");
}

function likeArn(pattern: unknown, value: unknown, flags = ""): boolean {
  const source = text(pattern).replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${source.replaceAll("*", ".*").replaceAll("?", ".")}$`, flags).test(text(value));
}

/** Writes a template's expression as text: joins and what is the same in every account are worked out. */
function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || typeof value !== "object") return String(value);
  if ("Ref" in value) return PSEUDO_PARAMETERS[String(value.Ref)] ?? JSON.stringify(value);
  if (!("Fn::Join" in value) || !Array.isArray(value["Fn::Join"])) return JSON.stringify(value);
  const [separator, parts] = value["Fn::Join"];
  return listOf<unknown>(parts).map(text).join(String(separator));
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return isList(value) ? value : [value];
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
