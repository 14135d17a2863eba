/**
 * Where Azure Monitor's log API stands in each of Microsoft's clouds, and whom to ask for a token for it.
 */
import { AzureAuthorityHosts } from '@azure/identity';
import type { EntraLogsConfig } from '../../config/sources/entra-logs.ts';

export interface LogsCloud {
  /** With the API's version, as the client wants it: a given endpoint is used as it stands. */
  readonly endpoint: string;
  /** Of the token. The client's own `audience` option is read by no code of version 1.0.0, so the scope goes in by `credentials`. */
  readonly scope: string;
  readonly authorityHost: string;
}

const CLOUDS: Readonly<Record<EntraLogsConfig['cloud'], { readonly host: string; readonly authorityHost: string }>> = {
  AzureCloud: { host: 'https://api.loganalytics.io', authorityHost: AzureAuthorityHosts.AzurePublicCloud },
  AzureUSGovernment: { host: 'https://api.loganalytics.us', authorityHost: AzureAuthorityHosts.AzureGovernment },
  // DoD has a Graph host of its own, not a logs host.
  AzureUSGovernmentDoD: { host: 'https://api.loganalytics.us', authorityHost: AzureAuthorityHosts.AzureGovernment },
  AzureChinaCloud: { host: 'https://api.loganalytics.azure.cn', authorityHost: AzureAuthorityHosts.AzureChina },
};

/** The cloud that the configuration names; its `endpoint`, where there is one, in place of the cloud's host, for the same kind of token. */
export function logsCloud(config: Pick<EntraLogsConfig, 'cloud' | 'endpoint'>): LogsCloud {
  const { host, authorityHost } = CLOUDS[config.cloud];
  return { endpoint: `${(config.endpoint ?? host).replace(/\/+$/, '')}/v1`, scope: `${host}/.default`, authorityHost };
}
