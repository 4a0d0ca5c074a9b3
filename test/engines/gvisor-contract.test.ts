import { contractOn } from "./suite.ts";

contractOn("gvisor");
