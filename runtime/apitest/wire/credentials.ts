import type { ApiCredential, ApiRequest } from "#protocol/api-test.ts";

import { encodePart } from "./encode.ts";

/**
 * The request with a text in each place where a credential goes, which stands there as it is given. A header of
 * the same name gives way; parameters of the same name are none of the request.
 */
export const withCredentials = (
  { credentials = [], ...request }: ApiRequest,
  textOf: (credential: ApiCredential) => string,
): ApiRequest =>
  credentials.reduce<ApiRequest>((sent, credential) => put(sent, credential, textOf(credential)), request);

const put = (request: ApiRequest, { place, name }: ApiCredential, text: string): ApiRequest => {
  const others = request.headers.filter(([header]) => header !== (place === "header" ? name : "cookie"));
  switch (place) {
    case "header":
      return { ...request, headers: [...others, [name, text]] };
    case "cookie": {
      const cookies = request.headers.filter(([header]) => header === "cookie").map(([, value]) => value);
      return { ...request, headers: [...others, ["cookie", [...cookies, `${name}=${text}`].join("; ")]] };
    }
    case "query": {
      const mark = request.target.includes("?") ? "&" : "?";
      return { ...request, target: `${request.target}${mark}${encodePart(name)}=${text}` };
    }
  }
};
