import { cpus, totalmem, type } from 'node:os';

/** One line that names the machine a number was measured on. */
export function machineLine(): string {
  const processors = cpus();
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}, ${gibibytes} GiB, ${type()}, Node ${process.version}`;
}
