import type {
  CreateTableCommandInput,
  Tag,
  UpdateContinuousBackupsCommandInput,
  UpdateTimeToLiveCommandInput,
} from "@aws-sdk/client-dynamodb";
import { LEASE_TABLE_SCHEMA } from "../../dynamodb/schema.ts";

/** The requests that make a lease table as the construct `LeaseTable` does, in their order. */
export interface TableRequests {
  readonly CreateTable: CreateTableCommandInput;
  readonly UpdateTimeToLive: UpdateTimeToLiveCommandInput;
  readonly UpdateContinuousBackups: UpdateContinuousBackupsCommandInput;
}

/** Makes the requests for a table of this name. */
export function tableRequests(TableName: string, tags: readonly Tag[]): TableRequests {
  const { partitionKey, sortKey, ttlAttribute } = LEASE_TABLE_SCHEMA;
  return {
    CreateTable: {
      TableName,
      AttributeDefinitions: [
        { AttributeName: partitionKey, AttributeType: "S" },
        { AttributeName: sortKey, AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: partitionKey, KeyType: "HASH" },
        { AttributeName: sortKey, KeyType: "RANGE" },
      ],
      BillingMode: "PAY_PER_REQUEST",
      // The key that AWS manages for DynamoDB in the account.
      SSESpecification: { Enabled: true, SSEType: "KMS" },
      DeletionProtectionEnabled: true,
      ...(tags.length === 0 ? {} : { Tags: [...tags] }),
    },
    UpdateTimeToLive: {
      TableName,
      TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
    },
    UpdateContinuousBackups: {
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    },
  };
}
