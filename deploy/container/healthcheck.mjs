/**
 * The container's health: what `run --schedule … --metrics PORT` answers at /healthz. WHORAN_METRICS_PORT says the port; without it
 * there is no server to ask, and a container that runs once is well while it lasts.
 */
const port = process.env.WHORAN_METRICS_PORT;
if (port !== undefined && port !== '') {
  if (!/^\d{1,5}$/.test(port)) throw new Error('WHORAN_METRICS_PORT: a port number');
  const { status } = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4000) });
  if (status !== 200) throw new Error(`/healthz answered with status ${status}`);
}
