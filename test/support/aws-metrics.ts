/** A metric that AWS itself writes. */
interface AwsMetric {
  readonly namespace: string;
  readonly name: string;
  /** The dimensions that it comes with, all of them. */
  readonly dimensions: readonly string[];
  /** The page that says so. */
  readonly source: string;
}

const DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html";
const SQS =
  "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html";

const PIPES = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html";

/** Those of AWS's metrics that alarms and dashboards may name, as AWS documents them. */
export const AWS_METRICS: readonly AwsMetric[] = [
  {
    namespace: "AWS/DynamoDB",
    name: "ThrottledRequests",
    dimensions: ["Operation", "TableName"],
    source: DYNAMODB,
  },
  {
    namespace: "AWS/DynamoDB",
    name: "SystemErrors",
    dimensions: ["Operation", "TableName"],
    source: DYNAMODB,
  },
  {
    namespace: "AWS/DynamoDB",
    name: "SuccessfulRequestLatency",
    dimensions: ["Operation", "TableName"],
    source: DYNAMODB,
  },
  // "represents the aggregate of HTTP 400 errors ... for the current AWS Region and the current AWS account"
  { namespace: "AWS/DynamoDB", name: "UserErrors", dimensions: [], source: DYNAMODB },
  {
    namespace: "AWS/SQS",
    name: "ApproximateNumberOfMessagesVisible",
    dimensions: ["QueueName"],
    source: SQS,
  },
  ...["ExecutionFailed", "ExecutionPartiallyFailed", "ExecutionTimeout", "ExecutionThrottled"].map(
    (name) => ({
      namespace: "AWS/EventBridge/Pipes",
      name,
      dimensions: ["PipeName"], // "ExecutionThrottled" comes with "AwsAccountId", too, and then counts all pipes of the account
      source: PIPES,
    }),
  ),
];

/** The values of the dimension `Operation`, by the same page of DynamoDB's. */
export const DYNAMODB_OPERATIONS: ReadonlySet<string> = new Set([
  "BatchExecuteStatement",
  "BatchGetItem",
  "BatchWriteItem",
  "DeleteItem",
  "ExecuteStatement",
  "ExecuteTransaction",
  "GetItem",
  "PutItem",
  "Query",
  "Scan",
  "TransactGetItems",
  "TransactWriteItems",
  "UpdateItem",
]);
