/**
 * A detection's parameters: the header's defaults, and what the configuration sets in their place.
 */
import type { DetectionsConfig } from '../config/detections.ts';
import type { Detection } from './catalog.ts';
import type { Param } from './header.ts';

/** A parameter's value as the engine binds it. */
export type ParamValue = string | number | boolean | readonly string[];

const FITS: Record<Param['type'], (value: unknown) => boolean> = {
  integer: Number.isSafeInteger,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  text: (value) => typeof value === 'string',
  text_list: Array.isArray,
};

/** The values to bind for a detection: its defaults under the configuration's. */
export function detectionParameters(detection: Detection, config: DetectionsConfig): Record<string, ParamValue> {
  const defaults = Object.entries(detection.header.params).map(([name, param]) => [name, param.default] as const);
  return { ...Object.fromEntries(defaults), ...config[detection.id]?.params };
}

/**
 * What the configuration says of detections that does not fit them, one sentence a fault: an id or a parameter that there is
 * none of, or a value of another type.
 */
export function detectionConfigFaults(detections: readonly Detection[], config: DetectionsConfig): string[] {
  const byId = new Map(detections.map((detection) => [detection.id, detection]));
  const faults: string[] = [];
  for (const [id, { params }] of Object.entries(config)) {
    const detection = byId.get(id);
    if (detection === undefined) {
      faults.push(`detections.${id}: there is no such detection; there are ${[...byId.keys()].join(', ')}`);
      continue;
    }
    for (const [name, value] of Object.entries(params)) {
      const param = detection.header.params[name];
      const names = Object.keys(detection.header.params);
      if (param === undefined) faults.push(`detections.${id}.params.${name}: expected ${names.length > 0 ? names.join(' or ') : 'no parameter'}`);
      else if (!FITS[param.type](value)) faults.push(`detections.${id}.params.${name}: expected ${param.type}, found ${JSON.stringify(value)}`);
    }
  }
  return faults;
}
