/** The part of every suite that says what an answer owes, to its request and to the document. */
export const SUITE_ANSWERS = `/** Answers to a valid request that say nothing against it: who asks, what is there, what was done before. */
const tolerated = [401, 403, 404, 409, 429];

/** What a proxy may answer for a server is not asked of its document, and neither is that it is away for a while. */
const ofProxies = [401, 403, 405, 406, 413, 414, 415, 429, 431, 502, 503, 504];

/** Of the requests that the document does not forbid: how many were answered, and how many taken. */
const unforbidden = { answered: 0, taken: 0 };

/**
 * What a request is: the plainest valid one of its operation, one with a value on a bound or in a list, another valid
 * one, one that has to be refused, or one that may be.
 */
type Kind = "plainest" | "bound" | "valid" | "rejected" | "survived";

/** What an operation promises, and what became of its valid requests. */
interface Operation {
  documented: Documented;
  hasPathParameter: boolean;
  valid: number;
  answered: number;
  taken: number;
  isPlainestTaken: boolean;
  isPlainestRefused: boolean;
  isCredentialRefused: boolean;
}

const operationOf = (documented: Documented, hasPathParameter: boolean, valid: number): Operation => ({
  documented,
  hasPathParameter,
  valid,
  answered: 0,
  taken: 0,
  isPlainestTaken: false,
  isPlainestRefused: false,
  isCredentialRefused: false,
});

/** Notes what became of a request, and fails where that alone contradicts the document. */
const expectTreatment = ({ status, hasCredentials }: Answer, kind: Kind, operation: Operation): void => {
  const isTaken = status >= 200 && status < 400;
  if (kind !== "rejected") {
    unforbidden.answered += 1;
    if (isTaken) unforbidden.taken += 1;
  }
  if (kind === "plainest" || kind === "bound" || kind === "valid") {
    operation.answered += 1;
    if (isTaken) operation.taken += 1;
  }
  if (kind === "plainest") {
    operation.isPlainestTaken = status >= 200 && status < 300;
    operation.isCredentialRefused = status === 401 && hasCredentials;
    operation.isPlainestRefused =
      (status >= 400 && status < 500 && !tolerated.includes(status)) || operation.isCredentialRefused;
  }
  if (![502, 503, 504].includes(status)) expect(status, "the server broke down").toBeLessThan(500);
  // Where the plainest request is refused too, nobody knows that the bound is the reason.
  if (kind === "bound" && operation.isPlainestTaken) {
    expect([400, 422].includes(status), \`a valid request was answered \${status}\`).toBe(false);
  }
  if (kind === "rejected") {
    expect(status < 200 || status > 299, \`an invalid request was answered \${status}\`).toBe(true);
  }
};

const expectAnswer = (answer: Answer, kind: Kind, operation: Operation): void => {
  const { status } = answer;
  expectTreatment(answer, kind, operation);
  const { documented, hasPathParameter } = operation;
  const rule =
    documented.find(([name]) => name === String(status)) ??
    documented.find(([name]) => name === \`\${Math.floor(status / 100)}XX\`) ??
    documented.find(([name]) => name === "default");
  if (status >= 500) return;
  if (rule === undefined && (ofProxies.includes(status) || (status === 404 && hasPathParameter))) return;
  expect(rule, \`\${status} is not documented\`).toBeDefined();
  const contents = rule?.[1] ?? [];
  if (contents.length === 0 || answer.method === "HEAD" || status < 200 || [204, 205, 304].includes(status)) return;
  const { type, body } = answer;
  const isJson = type !== undefined && jsonType.test(essence(type));
  if (body.length === 0) {
    const lacksJson = contents.every(([mediaType]) => jsonType.test(essence(mediaType)) || (type === undefined && anyType.test(essence(mediaType))));
    expect(isJson || lacksJson, "the answer is empty").toBe(false);
    if (type === undefined) return;
  }
  const nearest = nearestTypes(contents, type ?? "");
  expect(nearest, hidden(\`\${type} is not documented\`)).not.toEqual([]);
  if (answer.isEncoded || !isJson) return;
  const value = decoded(body);
  const [[, schema = null] = []] = nearest.length === 1 ? nearest : [];
  if (schema !== null) expect(mistakesOf(schema, value).map(hidden), "the answer breaks its schema").toEqual([]);
};

const decoded = (body: Buffer): Json => {
  const text = body.toString("utf8").replace(/^\\ufeff/, "");
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Error("the answer says that it is JSON, and it is not");
  }
};

const essence = (type: string): string => (type.split(";")[0] ?? "").trim().toLowerCase();

const jsonType = /^(?:application\\/json|[a-z0-9.-]+\\/[^\\s/]+\\+json)$/;

/** Ranges that JSON is in. */
const anyType = /^(?:\\*|application)\\/\\*$/;

/** Without the charset. */
const parametersOf = (type: string): string =>
  type
    .split(";")
    .slice(1)
    .map((each) => each.replace(/["\\s]/g, "").toLowerCase())
    .filter((each) => each !== "" && !each.startsWith("charset="))
    .sort()
    .join(";");

/** How much a documented type or range says of an answer's. */
const nearness = (declared: string, answered: string): number => {
  const range = essence(declared);
  const type = essence(answered);
  const wanted = parametersOf(declared);
  if (range === type) return wanted === parametersOf(answered) ? 6 : wanted === "" ? 5 : 4;
  if (range.endsWith("+json") && type === "application/json") return 3;
  if (range.endsWith("/*") && range !== "*/*" && type.startsWith(range.slice(0, -1))) return 2;
  return range === "*/*" ? 1 : 0;
};

/** The documented types that say most; several where nothing but parameters tells them apart. */
const nearestTypes = (contents: Documented[number][1], answered: string): Documented[number][1] => {
  const near = contents.map(([mediaType]) => nearness(mediaType, answered));
  const most = Math.max(0, ...near);
  return most === 0 ? [] : contents.filter((_, index) => near[index] === most);
};

/** After all tests, unless only some were run: a server that refuses everything would pass most of them. */
const expectSomeTaken = (count: number): void => {
  if (unforbidden.answered < count || unforbidden.taken > 0) return;
  throw new Error("no valid request was taken, so nothing is proven: is API_BASE_URL the right server, and are its paths those of the document?");
};

/** After the tests of an operation, unless only some were run: one refusal may be a rule of business, all are none. */
const expectSomeTakenOf = ({ valid, answered, taken, ...plainest }: Operation): void => {
  if (answered < valid || taken > 0 || !plainest.isPlainestRefused) return;
  const why = plainest.isCredentialRefused ? ": the server does not take the credential" : "";
  throw new Error(\`every valid request of the operation was refused\${why}\`);
};`;
