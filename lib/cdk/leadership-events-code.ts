/**
 * The code of the pipe's enrichment, compiled from `leadership-events-change.ts`. Do not edit it:
 * `UPDATE_INLINE_CODE=1 npx vitest run test/cdk/leadership-events-change.test.ts` writes it anew.
 */
export const LEADERSHIP_CHANGES_CODE = `function leadershipChanges(records) {
  const number = (image, key) => {
    const value = Number(image[key]?.N ?? Number.NaN);
    return Number.isFinite(value) ? value : void 0;
  };
  const instant = (ms) => ms !== void 0 && Math.abs(ms) <= 864e13 ? new Date(ms).toISOString() : void 0;
  const at = (image, key) => instant(number(image, key));
  return records.flatMap(({ eventID, eventName, userIdentity, dynamodb = {} }) => {
    const { OldImage: was = {}, NewImage: is = {} } = dynamodb;
    const leads = is["holder"]?.S;
    const led = was["holder"]?.S;
    const begins = leads !== void 0 && is["transitions"]?.N !== was["transitions"]?.N;
    if (!begins && (led === void 0 || leads !== void 0)) return [];
    const isTtl = userIdentity?.principalId === "dynamodb.amazonaws.com";
    const cause = eventName !== "REMOVE" ? "vacated" : isTtl ? "ttl" : "deleted";
    const tick = is["tick"]?.S;
    const of = begins ? is : was;
    const detail = {
      lease: of["pk"]?.S ?? "",
      holder: (begins ? leads : led) ?? "",
      token: number(of, "token") ?? 0,
      term: number(of, "transitions") ?? 0,
      revision: number(is, "revision"),
      acquiredAt: at(of, "acquiredAt"),
      expiresAt: at(of, "expiresAt"),
      priority: number(of, "priority"),
      tick: tick === was["tick"]?.S ? void 0 : tick,
      changeId: eventID,
      ...begins ? { previousToken: number(was, "token") } : void 0,
      ...begins && led !== void 0 ? {
        previousHolder: led,
        previousRenewedAt: at(was, "renewedAt"),
        previousExpiresAt: at(was, "expiresAt")
      } : void 0,
      ...begins ? void 0 : {
        renewedAt: at(was, "renewedAt"),
        requestedBy: was["requestedBy"]?.S,
        reservedFor: is["reservedFor"]?.S,
        reservedUntil: at(is, "expiresAt"),
        cause
      }
    };
    const kind = begins ? led === void 0 ? "Acquired" : "Taken Over" : "Released";
    const created = Number(dynamodb.ApproximateCreationDateTime) * 1e3;
    const time = instant(created) ?? (/* @__PURE__ */ new Date()).toISOString();
    return [{ detailType: \`Leadership \${kind}\`, time, detail }];
  });
}

exports.handler = async (records) => leadershipChanges(records);
`;
