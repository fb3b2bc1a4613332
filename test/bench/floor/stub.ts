import { DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { LOCAL_AWS } from "../../../local/engine.ts";
import type { Canned } from "./recording.ts";

/** An SDK client whose network answers at once, so that what takes time is this process. */
export interface Stub {
  readonly client: DynamoDBClient;
  /** Answers the next requests with these, in this order, over and over. */
  answerWith(answers: readonly Canned[]): void;
}

/** How long the text of a `Date` header is used, in ms: to make it anew each time would cost more than all else that is done here. */
const DATE_MS = 100;

/** Makes a client that reaches no network. */
export function makeStub(): Stub {
  let answers: readonly Canned[] = [];
  let next = 0;
  let date = "";
  let dated = -Infinity;
  const handle = async () => {
    const { statusCode, headers, body } = answers[next % answers.length] as Canned;
    next += 1;
    const now = Date.now();
    if (now - dated >= DATE_MS) {
      date = new Date(now).toUTCString();
      dated = now;
    }
    return { response: { statusCode, headers: { ...headers, date }, body } };
  };
  const requestHandler = {
    handle,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  } as unknown as NonNullable<DynamoDBClientConfig["requestHandler"]>;
  return {
    client: new DynamoDBClient({ ...LOCAL_AWS, requestHandler }),
    answerWith: (these) => {
      answers = these;
      next = 0;
    },
  };
}
