/** How often to look, in ms. */
const LOOK_MS = 1_000;

/**
 * Ends this process, as SIGTERM does, once the `npx leasehold` that started it is gone: `npx` passes no signal on, and whoever ended it
 * meant this. Only where npm says that it runs this very program; what a script of npm starts may be meant to outlive it.
 */
export function endWithNpx(): void {
  const { npm_lifecycle_event: event, npm_lifecycle_script: script = "" } = process.env;
  if (event !== "npx" || !/^["']?leasehold\b/.test(script)) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return; // Whatever its number: in a container it may be 1 from the start.
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, LOOK_MS);
  timer.unref();
}
