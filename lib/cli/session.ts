import type { DynamoDBClient, DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import type { LeaseClient, LeaseClientOptions } from "../dynamodb/lease-client.ts";
import { misused } from "./failure.ts";
import { Output } from "./output.ts";
import { assertProfile } from "./profile.ts";
import type { ServiceTime } from "./service-time.ts";
import { printable } from "./text.ts";

/** The options that every command takes. */
export interface CommonOptions {
  readonly table?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly debug?: boolean;
}

/** What a command has opened, and gives up at its end. */
interface Opened {
  readonly client: DynamoDBClient;
  readonly time: ServiceTime;
}

/**
 * One run of one command: its options, its output, and the clients that it opens. The AWS SDK is loaded when the first client is
 * asked for, so that help, completion and a wrong command line cost no time.
 */
export class Session implements AsyncDisposable {
  readonly options: CommonOptions;
  readonly output: Output;
  readonly #interrupted = new AbortController();
  readonly #interrupt = (signal: NodeJS.Signals): void => this.#interrupted.abort(signal);
  #opened: Promise<Opened> | undefined;
  #leases: LeaseClient | undefined;

  constructor(options: CommonOptions) {
    this.options = options;
    this.output = new Output(options.json === true);
  }

  /**
   * Aborted by SIGINT, SIGTERM, SIGHUP, and SIGPIPE (nobody reads standard output any more, see {@link guardStreams}), from the first
   * time on that it is asked for; its reason is the signal's name. A command that does not ask for it is ended by them as any program is.
   */
  get interrupted(): AbortSignal {
    for (const signal of INTERRUPTIONS) {
      if (!process.listeners(signal).includes(this.#interrupt)) process.on(signal, this.#interrupt);
    }
    return this.#interrupted.signal;
  }

  /** The lease table's name or ARN. @throws {CommandFailure} usage, when neither option nor environment names it, or it can be none */
  get tableName(): string {
    return tableNameOf(this.options);
  }

  /** The SDK client that every request of this command goes through. */
  async dynamodb(): Promise<DynamoDBClient> {
    return (await this.#open()).client;
  }

  /** The lease client on the table. Options count on the first call. */
  async leases(
    options: Omit<LeaseClientOptions, "tableName" | "client" | "store"> = {},
  ): Promise<LeaseClient> {
    const { tableName } = this;
    const [client, { LeaseClient: Client }] = await Promise.all([
      this.dynamodb(),
      import("../dynamodb/lease-client.ts"),
    ]);
    this.#leases ??= new Client({ ...options, tableName, client });
    return this.#leases;
  }

  /** What is known of the service's clock. */
  async time(): Promise<ServiceTime> {
    return (await this.#open()).time;
  }

  /** Epoch ms by the service's clock, as far as it has told. */
  async now(): Promise<number> {
    return (await this.time()).now();
  }

  /** How far the service's clock is ahead of this machine's, in ms; see {@link ServiceTime}. */
  async skewMs(): Promise<number | undefined> {
    return (await this.time()).aheadMs;
  }

  /** Gives up what was opened: releases leases, closes connections, and lets signals be. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const signal of INTERRUPTIONS) process.removeListener(signal, this.#interrupt);
    await this.#leases?.close();
    // What could not be opened has said so already.
    const opened = await this.#opened?.catch(() => undefined);
    opened?.client.destroy();
  }

  #open(): Promise<Opened> {
    this.#opened ??= open(this.options);
    return this.#opened;
  }
}

const INTERRUPTIONS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE"];

async function open(options: CommonOptions): Promise<Opened> {
  // What is wrong with the command line is told before the SDK is loaded.
  const endpoint = endpointOf(options.endpoint);
  const region = await regionOf(options);
  const { profile } = options;
  if (profile !== undefined) await assertProfile(profile);
  const [{ DynamoDBClient: Client }, { ServiceTime: Time }] = await Promise.all([
    import("@aws-sdk/client-dynamodb"),
    import("./service-time.ts"),
  ]);
  const client = new Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    logger: loggerOf(options),
  });
  if (region === undefined) await assertRegion(client);
  return { client, time: new Time(client) };
}

/** What the SDK warns of, such as keys beside a profile, is for whoever looks closer; `doctor` says whose credentials count. */
function loggerOf({ debug = false }: CommonOptions): NonNullable<DynamoDBClientConfig["logger"]> {
  const silent = (): void => {};
  const warn = (...words: unknown[]): void => {
    process.stderr.write(`${words.join(" ").split("\n").map(printable).join("\n")}\n`);
  };
  return { trace: silent, debug: silent, info: silent, error: silent, warn: debug ? warn : silent };
}

function namedTable({ table }: CommonOptions): string | undefined {
  return table ?? process.env["LEASE_TABLE_NAME"];
}

/** What DynamoDB takes for a table's name. */
const TABLE_NAME = /^[\w.-]{3,255}$/;

function tableNameOf(options: CommonOptions): string {
  const name = namedTable(options);
  if (!name) throw misused("no lease table is named; give --table NAME, or set LEASE_TABLE_NAME");
  if (name.startsWith("arn:") || TABLE_NAME.test(name)) return name;
  const rule = "3 to 255 letters, digits, dots, hyphens and underscores, or the ARN of a table";
  throw misused(`"${name}" is no table's name; give --table (or LEASE_TABLE_NAME) ${rule}`);
}

function endpointOf(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined || (/^https?:\/\//.test(endpoint) && URL.canParse(endpoint))) return endpoint;
  const told = `http://${endpoint}`;
  const example = !endpoint.includes("://") && URL.canParse(told) ? told : "http://localhost:8000";
  throw misused(`--endpoint "${endpoint}" is no http or https URL; write it as ${example}`);
}

/** The region to send to, as far as the command line and the table's ARN tell. */
async function regionOf(options: CommonOptions): Promise<string | undefined> {
  const { region } = options;
  const table = namedTable(options);
  if (!table?.startsWith("arn:")) return region;
  const { parseTableName } = await import("../dynamodb/table-name.ts");
  const { region: there } = parseTableName(table);
  if (region === undefined || region === there) return there;
  throw misused(`--region ${region} contradicts the table's ARN, which is in ${there}; leave out --region`);
}

async function assertRegion(client: DynamoDBClient): Promise<void> {
  await client.config.region().catch((cause: unknown) => {
    throw misused("no AWS region is known; give --region, or set AWS_REGION or the profile's region", {
      cause,
    });
  });
}
