import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const root = join(import.meta.dirname, '../..');
export const RULES_FOLDER = join(root, 'ops/prometheus');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const alertSchema = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string(),
  labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook: z.string() }),
});
const recordSchema = z.strictObject({ record: z.string(), expr: z.string() });
const rulesSchema = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(z.union([alertSchema, recordSchema])) })),
});

export type Alert = z.output<typeof alertSchema>;
export type Recorded = z.output<typeof recordSchema>;

const rules = rulesSchema
  .parse(parse(read('ops/prometheus/rules.yml')))
  .groups.flatMap((group) => group.rules);

export const alerts: readonly Alert[] = rules.flatMap((rule) => ('alert' in rule ? [rule] : []));
export const recorded: readonly Recorded[] = rules.flatMap((rule) => ('record' in rule ? [rule] : []));

const placeSchema = z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() });
const panelSchema = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string().min(1),
  gridPos: placeSchema,
  datasource: z.object({ type: z.literal('prometheus'), uid: z.literal('${datasource}') }).optional(),
  targets: z.array(z.object({ refId: z.string(), expr: z.string().min(1) })).default([]),
});
const dashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.number().min(36),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string() })) }),
  annotations: z.object({ list: z.array(z.object({ expr: z.string() })) }),
  panels: z.array(panelSchema),
});

export const dashboard = dashboardSchema.parse(JSON.parse(read('ops/grafana/dashboard.json')));

/** Every expression that the rules and the dashboard ask Prometheus for. */
export const expressions: readonly string[] = [
  ...rules.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
];
