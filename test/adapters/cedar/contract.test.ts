import { createCedarDecider } from "#adapters/cedar/cedar-decider.ts";
import { describeDecider } from "#test/contracts/decider.ts";
import { cedarFiles } from "#test/kit/cedar-files.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";

describeDecider("Cedar in a worker thread", async () => {
  const created = await createCedarDecider(cedarFiles);
  if (!created.ok) throw new Error(created.fault.message);
  return created.value;
});

describeDecider("Cedar in three worker threads, all asked at once", async () => {
  const created = await createCedarDecider({ ...cedarFiles, limits: { threadsMax: 3, openPerThread: 0 } });
  if (!created.ok) throw new Error(created.fault.message);
  return created.value;
});

describeDecider("Cedar in the test's own thread", async () => inProcessCedar());
