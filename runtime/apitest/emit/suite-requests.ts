/** The part of every suite that sends a request as it stands. */
export const SUITE_REQUESTS = `interface Request {
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
  });`;
