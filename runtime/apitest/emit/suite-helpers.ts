/** The part of every suite that is the same: how a request is sent as it stands, and what an answer owes. */
export const SUITE_HELPERS = `interface Request {
  method: string;
  target: string;
  headers: string[][];
  body: string | null;
  credentials?: { variable: string; place: string; name: string; form: string }[];
}

interface Answer {
  status: number;
  type: string | undefined;
  isEncoded: boolean;
  body: Buffer;
  method: string;
  hasCredentials: boolean;
}

type Documented = [status: string, contents: [mediaType: string, schema: string | null][]][];

// Not BASE_URL: vitest sets that to a path of its own.
const baseUrl = process.env["API_BASE_URL"];
if (baseUrl === undefined) throw new Error("set API_BASE_URL to the origin of the server to test");
const base = new URL(baseUrl);

/** Whether nobody on the way can read what is sent. */
const isUnread = base.protocol === "https:" || /^(?:localhost|\\[::1\\]|127(?:\\.\\d{1,3}){3})$/.test(base.hostname);

/** Everything by which a report would give a credential away: as it is and as it is sent. */
const secrets = new Set<string>();

const keep = (secret: string): void => {
  const password = secret.slice(secret.indexOf(":") + 1);
  const parts = secret.includes(":") && password.length >= 4 ? [password] : [];
  for (const each of [secret, ...parts, Buffer.from(secret).toString("base64")]) {
    const encoded = [encodeURIComponent(each), encodePart(each)];
    const lower = encoded.map((text) => text.replace(/%../g, (sign) => sign.toLowerCase()));
    for (const text of [each, ...encoded, ...lower, JSON.stringify(each).slice(1, -1)]) secrets.add(text);
  }
};

/** What a server says, without each piece of a credential that has eight characters or more. */
const hidden = (text: string): string => {
  let kept = "";
  for (let index = 0; index < text.length; ) {
    let longest = 0;
    for (const secret of secrets) {
      let length = Math.min(8, secret.length);
      if (!secret.includes(text.slice(index, index + length)) || index + length > text.length) continue;
      while (index + length < text.length && secret.includes(text.slice(index, index + length + 1))) length += 1;
      longest = Math.max(longest, length);
    }
    kept += longest > 0 ? "[key removed]" : (text[index] ?? "");
    index += Math.max(longest, 1);
  }
  return kept;
};

const encodePart = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => \`%\${sign.charCodeAt(0).toString(16).toUpperCase()}\`);

/** Credentials stand in variables of the environment, and nowhere in this file. */
const withCredentials = ({ credentials = [], ...request }: Request): Request => {
  const headers = new Map(request.headers.map(([name = "", value = ""]) => [name, value]));
  let { target } = request;
  for (const { variable, place, name, form } of credentials) {
    const secret = process.env[variable] ?? "";
    if (secret === "") throw new Error(\`set \${variable} to the credential that the server wants\`);
    if (!isUnread) throw new Error("a credential goes to another machine over https only");
    keep(secret);
    if (place === "query") {
      target += \`\${target.includes("?") ? "&" : "?"}\${encodePart(name)}=\${encodePart(secret)}\`;
    } else if (place === "cookie") {
      const others = headers.get("cookie");
      headers.set("cookie", \`\${others === undefined ? "" : \`\${others}; \`}\${name}=\${secret}\`);
    } else if (form === "bearer") headers.set(name, \`Bearer \${secret}\`);
    else if (form === "basic") headers.set(name, \`Basic \${Buffer.from(secret).toString("base64")}\`);
    else headers.set(name, secret);
  }
  return { ...request, target, headers: [...headers] };
};

/** Node's own client sends the target as it is; \`fetch\` would tidy it up first. */
const send = (request: Request): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { method, target, headers, body } = withCredentials(request);
    // An error of the client may carry what the server sent.
    const refuse = ({ message }: Error): void => reject(new Error(hidden(message)));
    const open = base.protocol === "https:" ? requestHttps : requestHttp;
    const sent = open(
      {
        protocol: base.protocol,
        hostname: base.hostname.replace(/^\\[|\\]$/g, ""),
        port: base.port,
        method,
        path: target,
        headers: Object.fromEntries(headers),
        timeout: 10_000,
      },
      (received) => {
        const chunks: Buffer[] = [];
        received.on("data", (chunk: Buffer) => chunks.push(chunk));
        received.on("error", refuse);
        received.on("end", () => {
          const status = received.statusCode ?? 0;
          const { "content-type": type, "content-encoding": encoding } = received.headers;
          const isEncoded = encoding !== undefined && encoding.toLowerCase() !== "identity";
          const hasCredentials = request.credentials !== undefined;
          resolve({ status, type, isEncoded, body: Buffer.concat(chunks), method, hasCredentials });
        });
      },
    );
    sent.on("timeout", () => sent.destroy(new Error("no answer within 10 seconds")));
    sent.on("error", refuse);
    sent.end(body ?? undefined);
  });

/** Answers to a valid request that say nothing against it: who asks, what is there, what was done before. */
const tolerated = [401, 403, 404, 409, 429];

/** Of the requests that the document does not forbid: how many were answered, and how many taken. */
const unforbidden = { answered: 0, taken: 0 };

const expectAnswer = (answer: Answer, expected: "accepted" | "rejected" | "survived", documented: Documented): void => {
  const { status } = answer;
  if (expected !== "rejected") unforbidden.answered += 1;
  if (expected !== "rejected" && status >= 200 && status < 400) unforbidden.taken += 1;
  expect(status, "the server broke down").toBeLessThan(500);
  if (expected === "accepted" && answer.hasCredentials) {
    expect(status, "the server does not take the credential").not.toBe(401);
  }
  if (expected === "accepted" && !tolerated.includes(status)) {
    expect(status, "a valid request was refused").toBeLessThan(400);
  }
  if (expected === "rejected") {
    expect(status < 200 || status > 299, \`an invalid request was answered \${status}\`).toBe(true);
  }
  const rule =
    documented.find(([name]) => name === String(status)) ??
    documented.find(([name]) => name === \`\${Math.floor(status / 100)}XX\`) ??
    documented.find(([name]) => name === "default");
  // What a proxy may answer for a server is not asked of its document.
  if (rule === undefined && [401, 403, 404, 405, 406, 413, 414, 415, 429, 431].includes(status)) return;
  expect(rule, \`\${status} is not documented\`).toBeDefined();
  const contents = rule?.[1] ?? [];
  if (contents.length === 0 || answer.method === "HEAD" || [204, 205, 304].includes(status)) return;
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
};`;
