/**
 * Microsoft's clouds: where Graph is, who signs in to it, and what a token is asked for (entra.md §5.1; Graph's "deployments"
 * page). A stand-in takes Graph's place alone: its token is still one for Graph.
 */
import type { EntraGraphConfig } from '../../config/sources/entra-graph.ts';

export interface GraphCloud {
  /** Scheme, host and port that every request goes to. */
  readonly origin: string;
  /** Who issues tokens. */
  readonly authority: string;
  /** The scope of an app's token. */
  readonly scope: string;
}

const HOSTS: Readonly<Record<EntraGraphConfig['cloud'], { readonly graph: string; readonly authority: string }>> = {
  AzureCloud: { graph: 'https://graph.microsoft.com', authority: 'https://login.microsoftonline.com' },
  AzureUSGovernment: { graph: 'https://graph.microsoft.us', authority: 'https://login.microsoftonline.us' },
  AzureUSGovernmentDoD: { graph: 'https://dod-graph.microsoft.us', authority: 'https://login.microsoftonline.us' },
  AzureChinaCloud: { graph: 'https://microsoftgraph.chinacloudapi.cn', authority: 'https://login.chinacloudapi.cn' },
};

/** The cloud that a source is configured for. */
export function graphCloud({ cloud, endpoint }: Pick<EntraGraphConfig, 'cloud' | 'endpoint'>): GraphCloud {
  const { graph, authority } = HOSTS[cloud];
  return { origin: new URL(endpoint ?? graph).origin, authority, scope: `${graph}/.default` };
}
