import { HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { type Lease, LeaseError } from "leasehold";

const MAX_TRIES = 5;

/**
 * Writes an object, unless it was written by a later term: reads its token, compares, and writes on the condition
 * that the object is still the one that was read.
 */
export async function putFenced(
  s3: S3Client,
  lease: Pick<Lease, "name" | "token">,
  { Bucket, Key, content }: { readonly Bucket: string; readonly Key: string; readonly content: string },
): Promise<void> {
  const Metadata = { token: String(lease.token) };
  // The ETag tells contents apart, not metadata: the token is part of the content, so that no two terms write alike.
  const Body = `${lease.token}\n${content}`;
  for (let tries = 1; ; tries += 1) {
    const found = await tokenOf(s3, Bucket, Key);
    if (found !== undefined && found.token > lease.token) {
      throw new LeaseError("FENCED", `${Key} was written by token ${found.token}`, { lease: lease.name });
    }
    const unchanged = found === undefined ? { IfNoneMatch: "*" } : { IfMatch: found.ETag };
    try {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body, Metadata, ...unchanged }));
      return;
    } catch (error) {
      if (!cameBetween(error) || tries === MAX_TRIES) throw error;
    }
  }
}

async function tokenOf(
  s3: S3Client,
  Bucket: string,
  Key: string,
): Promise<{ readonly token: number; readonly ETag: string | undefined } | undefined> {
  try {
    const { ETag, Metadata } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    return { token: Number(Metadata?.["token"] ?? 0), ETag };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** 412: changed since it was read. 409: another write is under way. 404: deleted since it was read. */
function cameBetween(error: unknown): boolean {
  return [404, 409, 412].includes(statusOf(error) ?? 0);
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}
