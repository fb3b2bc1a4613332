import type { Settings } from "./contender.ts";

/** What the section on cycles says. */
export const CYCLES: readonly string[] = [
  "One client acquires a free lock and releases it, again and again. Each contender has a process of its own. " +
    "Rounds of all contenders alternate, in a new order each time. Times are of the last rounds, without anything " +
    "between client and server. Requests are counted in a run before, by a proxy.",
  "The servers are not alike, so compare times within one kind of server only. The DynamoDB engine keeps its table " +
    "in memory. etcd, and Redis with `appendfsync always`, sync each write to this machine's disk. Real DynamoDB stores each write " +
    "on several disks and answers over a network, in some milliseconds. Redis with its defaults can forget a lock " +
    "that it has confirmed when it crashes.",
  "dynamodb-lock-client takes version 2 of the AWS SDK alone, whose support has ended. Its connections are kept open here, as version " +
    "3 does by itself. etcd3 sends a renewal with each acquire.",
];

/** What the section on hand-over and takeover says. */
export function changes(settings: Settings): string[] {
  const { durationMs, renewIntervalMs, retryIntervalMs } = settings;
  return [
    `All have the same settings: a duration of ${durationMs / 1_000} s, a renewal every ${renewIntervalMs / 1_000} s, and a look every ` +
      `${retryIntervalMs / 1_000} s where a contender looks at an interval. redlock leaves renewing to its caller, so the ` +
      "benchmark renews. `lock()` of etcd3 does not wait, so the benchmark asks again.",
    "Hand-over: one holds, another waits, the first releases. Counted is what both send from the release on.",
    "Takeover: a process that holds locks is killed with SIGKILL. Its renewals are spread over their interval, so the crash comes at each point " +
      "of it. *Stays*: a client that waited before the crash. *Comes at once*: a new client, 0.1 s after the crash; times " +
      "of both count from the crash. *Comes late*: a new client that comes two durations after the crash; its time counts from when it comes.",
    "Whom a contender trusts decides how fast it can be. Redis and etcd judge expiry by the one clock of their server. " +
      "`trustLocalTime` compares the wall clocks of two machines: as fast, and two hold the lock when one of them is wrong. " +
      "Without it, the two libraries for DynamoDB wait for a whole duration from when they first look, whoever comes. leasehold trusts no wall clock. " +
      "It takes over by the clock of DynamoDB's own answers, which show whole seconds, and 1.5 s after the term's end at the earliest, or after having " +
      "watched the lock for a whole duration, whichever is sooner.",
    "All clocks are one machine's here. What wrong clocks do to whom is not measured.",
  ];
}

/** What the section on standing by says. */
export function standbys({ durationMs }: Settings): string[] {
  return [
    "One leads and renews; 1 or 10 others wait. Counted is what those that wait send, renewals of their own included. " +
      `With the same settings (as above) they are counted for ${(2 * durationMs) / 1_000} s, two durations, and scaled to a minute. With defaults they ` +
      "are counted for a whole minute.",
    "Fewer requests are not better by themselves: who looks seldom learns late. Read this beside the times of a hand-over. " +
      "Those that look once per duration take over a released lock up to a duration later. Give leasehold a " +
      "`retryIntervalMs` as long as the duration, and it sends less than they do. DynamoDB asks for a read a fifth of what it asks for a write.",
    "A `candidate()` of leasehold also registers, for two writes a minute, unless `register: false` is set. Here they wait by `acquire()`.",
  ];
}

/** What the section on lost answers says. */
export function lost({ durationMs }: Settings): string[] {
  return [
    "A write arrives, and its answer is lost once: the connection ends before it, or stays open and silent. Clients have the timeouts " +
      `and retries of their defaults. The duration is ${durationMs / 1_000} s; whoever says nothing is given ${(2 * durationMs) / 1_000} s. After that a new client asks ` +
      `for the lock, for ${(1.5 * durationMs) / 1_000} s.`,
    "Requests are those that the contender sends from the lost one on, retries of its SDK included.",
    "leasehold finds the id of its own write in the refusal of the second try, so it knows that it holds the lock. Each of its requests has a " +
      "deadline within the duration. redlock takes back what bears its own random value, and locks anew. `lock()` of etcd3 gives its lease back, and is asked anew. The others find a lock that they do not know for theirs, and wait until it is over. " +
      "FailClosed waits for ever, and everybody else with it. `election()` of etcd3 sends its write again, then waits for its own key to go " +
      "when another key of the store was written in between, and renews it meanwhile. Without a timeout of the caller's, none of them notices silence: " +
      "version 3 of the AWS SDK, ioredis and etcd3 have none, version 2 has one of two minutes.",
    "A release that fails by name has freed the lock all the same: the second try finds nothing to release.",
  ];
}
