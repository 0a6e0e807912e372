import { tryTemplate } from '../engines/language-worker/templates/try-template.ts';
import type { InspectionOrder } from '../platform/model-inspector/inspection-messages.ts';
import { runInspection } from '../platform/model-inspector/run-inspection.ts';

/** The inspecting process: reads one order from its input, answers on its output, and ends. */
const parts: Buffer[] = [];
for await (const part of process.stdin) parts.push(part as Buffer);
const order = JSON.parse(Buffer.concat(parts).toString('utf8')) as InspectionOrder;
process.stdout.write(`${JSON.stringify(await runInspection(order, tryTemplate))}\n`);
