/** The networks of a run by name, in the order in which they are shown. */
import type { NetworkRecord, RunRecord } from '../pipeline/record.js';
import { givesVerdicts } from '../pipeline/method.js';
import { NETWORKS, type NetworkName } from './theme.js';

export function networksOf(record: RunRecord): { readonly name: NetworkName; readonly network: NetworkRecord }[] {
  const { dense, ticket, baselines, referee } = record;
  const found: Record<NetworkName, NetworkRecord | null | undefined> = {
    ...{ dense, ticket, random: baselines?.random, magnitude: baselines?.magnitude },
    ...{ shuffled: referee?.shuffled, placebo: referee?.placeboTicket },
  };
  return NETWORKS.flatMap((name) => (found[name] ? [{ name, network: found[name] }] : []));
}

/** What a run's method is called. */
export const methodName = ({ method }: RunRecord['config']): string =>
  method !== undefined && givesVerdicts(method) ? `LEGCNet-${method.toUpperCase()}` : String(method);
