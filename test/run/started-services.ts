/** Installing a package can start its services, as Debian's does. Tests start their own, and leave the machine as it was. */

/** What starts services on a machine: the programs that ask and stop, and the services in the order to stop them. */
export interface ServiceManager {
  readonly services: readonly string[];
  readonly isRunning: (service: string) => readonly [string, ...string[]];
  readonly stop: (service: string) => readonly [string, ...string[]];
}

export const systemd: ServiceManager = {
  // The socket first: it would start the engine again at the next knock.
  services: ["docker.socket", "docker.service", "containerd.service"],
  isRunning: (service) => ["systemctl", "is-active", "--quiet", service],
  stop: (service) => ["systemctl", "stop", service],
};

export const initScripts: ServiceManager = {
  services: ["docker"],
  isRunning: (service) => ["service", service, "status"],
  stop: (service) => ["service", service, "stop"],
};

/**
 * Installs, and stops again what only that has started. What ran before runs on. Gives the services that it
 * stopped, and those that it could not stop.
 *
 * @param succeeds runs a command and says whether it ended with 0.
 */
export const withoutNewServices = (
  { services, isRunning, stop }: ServiceManager,
  succeeds: (argv: readonly [string, ...string[]]) => boolean,
  install: () => void,
): { readonly stopped: readonly string[]; readonly left: readonly string[] } => {
  const before = new Set(services.filter((service) => succeeds(isRunning(service))));
  try {
    install();
  } catch (error) {
    stopNew();
    throw error;
  }
  return stopNew();

  function stopNew() {
    const started = services.filter((service) => !before.has(service) && succeeds(isRunning(service)));
    const stopped = started.filter((service) => succeeds(stop(service)));
    return { stopped, left: started.filter((service) => !stopped.includes(service)) };
  }
};
