import { contractOn } from "./suite.ts";

contractOn("docker");
