/** `npm run test:dynamodb-local`: the contract suite on Amazon's DynamoDB Local. */
import { fileURLToPath } from "node:url";
import { spawnOwned } from "../../local/harness/processes.ts";
import { startDynamoDBLocal } from "./dynamodb-local.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));

async function main(): Promise<number> {
  await using engine = await startDynamoDBLocal();
  console.log(`DynamoDB Local answers at ${engine.endpoint}`);
  const suite = await spawnOwned(
    process.execPath,
    // Real time, and a JVM that warms up: a starved machine can outlast a term of one second, once.
    [vitest, "run", "test/contract/dynamodb-local.test.ts", "--retry=2", ...process.argv.slice(2)],
    { cwd: root, stdio: "inherit", env: { ...process.env, LEASEHOLD_CONTRACT_ENDPOINT: engine.endpoint } },
  );
  const { code } = await suite.gone;
  return code ?? 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`test:dynamodb-local: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
