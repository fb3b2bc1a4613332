import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { CommonOptions } from "../session.ts";
import { ask, customEndpoint, isUnauthenticated, why } from "./ask.ts";
import { type Finding, finding } from "./finding.ts";

/** What the SDK says of where credentials come from, in words for people. The last one that it names is the innermost. */
const SOURCES: readonly (readonly [feature: RegExp, words: string])[] = [
  [/SSO/, "IAM Identity Center (aws sso login)"],
  [/LOGIN/, "aws login"],
  [/WEB_ID/, "a web identity's token"],
  [/STS_ASSUME_ROLE/, "a role that the profile assumes"],
  [/PROCESS/, "the profile's credential_process"],
  [/IMDS/, "the instance's role"],
  [/HTTP/, "the container's role"],
  [/ENV_VARS/, "environment variables"],
  [/PROFILE/, "the configuration files"],
];

/** Looks at credentials, whose they are, the region and the endpoint. Whether a request can be sent at all. */
export async function examineCaller(
  client: DynamoDBClient,
  options: CommonOptions,
): Promise<{ readonly findings: Finding[]; readonly canSend: boolean }> {
  const endpoint = customEndpoint(options.endpoint);
  const region = await examineRegion(client, options);
  const credentials = await examineCredentials(client);
  const canSend = region.level !== "fault" && credentials.level !== "fault";
  const findings = [credentials, region];
  if (endpoint !== undefined) {
    const says = `requests go to ${endpoint}, and not to AWS; whose credentials they are is not asked`;
    findings.push(finding("endpoint", "note", says));
  } else if (canSend) {
    findings.splice(1, 0, await examineIdentity(client, options));
    findings.push(finding("endpoint", "ok", "requests go to DynamoDB in that region"));
  }
  return { findings, canSend };
}

async function examineCredentials(client: DynamoDBClient): Promise<Finding> {
  const fix = "set AWS_PROFILE or --profile, run aws sso login, or give this machine a role";
  const got = await ask(() => client.config.credentials());
  if (got.kind !== "answered")
    return finding("credentials", "fault", `none can be had: ${why(got.error)}`, fix);
  const { accessKeyId, expiration } = got.output;
  const { $source = {} } = got.output as { readonly $source?: Readonly<Record<string, unknown>> };
  const features = Object.keys($source).join(" ");
  const from = SOURCES.find(([feature]) => feature.test(features))?.[1] ?? "the SDK's provider";
  const until = expiration === undefined ? "" : `, good until ${expiration.toISOString()}`;
  // The id of a key is no secret, and its end is enough to tell one from another.
  return finding("credentials", "ok", `from ${from}, key ...${accessKeyId.slice(-4)}${until}`);
}

async function examineRegion(
  client: DynamoDBClient,
  { region: option, table }: CommonOptions,
): Promise<Finding> {
  const got = await ask(() => client.config.region());
  if (got.kind !== "answered") {
    const fix = "set AWS_REGION, give --region, or give the table's ARN";
    return finding("region", "fault", "none is configured", fix);
  }
  const named = table ?? process.env["LEASE_TABLE_NAME"] ?? "";
  const from =
    option !== undefined
      ? "--region"
      : named.startsWith("arn:")
        ? "the table's ARN"
        : process.env["AWS_REGION"]
          ? "AWS_REGION"
          : "the configuration files";
  return finding("region", "ok", `${got.output}, from ${from}`);
}

async function examineIdentity(client: DynamoDBClient, { profile }: CommonOptions): Promise<Finding> {
  const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  const sts = new STSClient({
    region: client.config.region,
    credentials: client.config.credentials,
    maxAttempts: 1,
    ...(profile === undefined ? {} : { profile }),
  });
  try {
    const got = await ask((options) => sts.send(new GetCallerIdentityCommand({}), options));
    if (got.kind === "answered") return finding("identity", "ok", `${got.output.Arn}`);
    if (isUnauthenticated(got.error)) {
      const fix = "check the access key, its session token and this machine's clock";
      return finding("identity", "fault", `the credentials are not accepted: ${why(got.error)}`, fix);
    }
    return finding(
      "identity",
      "note",
      `STS cannot be reached, so whose they are is not known: ${why(got.error)}`,
    );
  } finally {
    sts.destroy();
  }
}
