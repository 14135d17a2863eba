/**
 * What is wrong with a configuration that its schema can't know: names of things that the package has or hasn't.
 */
import { loadDetections } from '../catalog/catalog.ts';
import { detectionConfigFaults } from '../catalog/parameters.ts';
import type { Config } from '../config/config.ts';

/** Detections and parameters that are not there, or of another type; one sentence each. */
export async function configurationFaults(config: Pick<Config, 'detections'>): Promise<string[]> {
  const { detections } = await loadDetections();
  return detectionConfigFaults(detections, config.detections);
}
