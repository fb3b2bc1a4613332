/**
 * `npm run engine`: an embedded DynamoDB with a lease table, to try the guides and the command line on. It prints what to put into the
 * environment, and stays until it is told to stop. Its table is gone then. If the engine ends by itself, it ends with an error.
 */
import { Command, Option } from "commander";
import { LOCAL_AWS } from "./engine.ts";
import { wholeNumber } from "./harness/command.ts";
import { startLeaseTable } from "./tables.ts";

const TABLE = "leases";

const { port } = new Command("npm run engine --")
  .description(`Runs an embedded DynamoDB with the table "${TABLE}" on this machine until Ctrl-C.`)
  .addOption(
    new Option("--port <n>", "where it listens; a free port when none is named").argParser(
      wholeNumber(1, 65_535),
    ),
  )
  .allowExcessArguments(false)
  .parse()
  .opts<{ readonly port?: number }>();

const stopped = new Promise<undefined>((resolve) => {
  const alive = setInterval(() => {}, 2 ** 31 - 1); // A listener for signals keeps no process alive.
  const stop = (): void => {
    clearInterval(alive);
    resolve(undefined);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
});
await using engine = await startLeaseTable(TABLE, port).catch((error: NodeJS.ErrnoException) => {
  if (port === undefined || error.code !== "EADDRINUSE") throw error;
  console.error(`Port ${port} is taken. Name another one, or none: then a free one is chosen.`);
  process.exit(1);
});

const { accessKeyId, secretAccessKey } = LOCAL_AWS.credentials;
console.log(`A DynamoDB with the table "${TABLE}" runs until Ctrl-C. In another terminal:

export AWS_ENDPOINT_URL_DYNAMODB=${engine.endpoint}
export AWS_REGION=${LOCAL_AWS.region}
export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}
export LEASE_TABLE_NAME=${TABLE}

# The command line, in a clone of the repository:
npm run leasehold -- list

# The programs of the guides, too, after "npm run build":
npx node examples/service.ts
`);
const ended = await Promise.race([stopped, engine.gone]);
if (ended !== undefined) {
  console.error(
    `The engine has ended by itself (${ended.signal ?? ended.code}), and its table is gone with it. Start another one: npm run engine`,
  );
  process.exit(1);
}
