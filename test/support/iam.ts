import { runSimulation } from "@cloud-copilot/iam-simulate";
import { nameOf, resolve, type Scope } from "../../local/assembly/resolve.ts";
import { isList, isObject, type Json, parseStack } from "../../local/assembly/template.ts";

/** One request to AWS, with the values that the service puts into its context. */
export interface IamRequest {
  readonly action: string;
  /** The ARN; `*` for an action that knows no resources. */
  readonly resource: string;
  /**
   * Context keys; a list is a multivalued key. An absent key, or one without values, is absent from
   * the request.
   */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** A statement of a policy. What its elements mean, the simulator knows. */
export type Statement = Readonly<Record<string, unknown>>;

/** What a stack's roles may do, and what its resources are called, once it is deployed. */
export interface Deployed {
  /** The statements that the template attaches to a role, by the role's logical id. */
  readonly statementsOf: (roleId: string) => Statement[];
  /** What CloudFormation makes of an expression. */
  readonly text: (value: unknown) => string;
  /** The name of a resource, by its logical id. */
  readonly nameOf: (id: string) => string;
  /** The properties of a resource, worked out; what names others is their name or ARN. */
  readonly propertiesOf: (id: string) => Json;
}

const SUFFIX = "test";
const PRINCIPAL_ACCOUNT = "000000000000";

/**
 * Reads a synthesized template as it is once deployed: every expression in its policies is worked
 * out, so that they name concrete ARNs. `others` are templates whose exports it imports.
 */
export function deployed(template: object, ...others: readonly object[]): Deployed {
  const stack = parseStack("Test", template);
  const stacks = [stack, ...others.map((other) => parseStack("Test", other))];
  const scope: Scope = { stacks, stack, suffix: SUFFIX };
  const resources = Object.entries(stack.template.Resources);
  const isOf = (roles: Json | undefined, roleId: string): boolean =>
    isList(roles) && roles.some((role) => isObject(role) && role["Ref"] === roleId);
  return {
    statementsOf: (roleId) =>
      resources.flatMap(([, { Type, Properties }]) => {
        if (Type !== "AWS::IAM::Policy" || !isOf(Properties["Roles"], roleId)) return [];
        const document = resolve(scope, Properties["PolicyDocument"] ?? {});
        const statements = isObject(document) ? document["Statement"] : [];
        return (isList(statements) ? statements : [statements]) as Statement[];
      }),
    text: (value) => {
      const text = resolve(scope, value as Json);
      if (typeof text !== "string") throw new Error(`${JSON.stringify(value)} is no text`);
      return text;
    },
    nameOf: (id) => nameOf(scope, id),
    propertiesOf: (id) => resolve(scope, stack.template.Resources[id]?.Properties ?? {}),
  };
}

/**
 * Whether a role with these statements may send the request, as IAM decides. It judges the role's
 * own half: that the account is the resource's own, and that a key's policy leaves the decision to
 * IAM, as the CDK writes it.
 * @throws {Error} for a policy, an action or a resource that IAM does not know
 */
export async function isAllowed(statements: readonly Statement[], request: IamRequest): Promise<boolean> {
  const { action, resource, context = {} } = request;
  const given = Object.entries(context).filter(([, value]) => value.length > 0);
  const policy = { Version: "2012-10-17", Statement: asSimulated(statements) };
  const answer = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${PRINCIPAL_ACCOUNT}:role/Role`,
        action,
        resource: { resource, accountId: PRINCIPAL_ACCOUNT },
        contextVariables: inContext(given),
      },
      identityPolicies: statements.length === 0 ? [] : [{ name: "role", policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(action.startsWith("kms:") ? { resourcePolicy: LEFT_TO_IAM } : {}),
    },
    {},
  );
  if (answer.resultType === "error") {
    throw new Error(`cannot judge ${action} on ${resource}: ${JSON.stringify(answer.errors)}`);
  }
  return answer.overallResult === "Allowed";
}

/** Stands for a dollar sign that begins no policy variable. */
const DOLLAR = "\u00a4";

/**
 * IAM reads `${$}` as a dollar sign. The simulator does so in patterns, but not where texts have to
 * be equal.
 */
function asSimulated(statements: readonly Statement[]): unknown {
  return JSON.parse(
    JSON.stringify(statements)
      .replaceAll("${$}", DOLLAR)
      .replaceAll(/\$(?!\{)/g, DOLLAR),
  );
}

function inContext(
  given: readonly (readonly [string, string | readonly string[]])[],
): Record<string, string | string[]> {
  const read = (value: string): string => value.replaceAll("$", DOLLAR);
  return Object.fromEntries(
    given.map(([key, value]) => [key, typeof value === "string" ? read(value) : value.map(read)]),
  );
}

/** The policy of a key as the CDK writes it. */
const LEFT_TO_IAM = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${PRINCIPAL_ACCOUNT}:root` },
      Action: "kms:*",
      Resource: "*",
    },
  ],
};
