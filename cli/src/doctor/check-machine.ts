import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { readAcceleration } from '../engines/read-acceleration.ts';
import { formatBytes } from '../output/format-quantity.ts';
import { readModels } from '../read-models.ts';
import { runningSupervisor } from '../running-server.ts';
import type { CliSettings } from '../settings.ts';
import { type Finding, fine } from './finding.ts';

const oldestNode = 24;
const leastMemoryBytes = 1e9;
const goodMemoryBytes = 2e9;
const platforms = ['linux-x64', 'linux-arm64', 'darwin-arm64'];

/** The Node that runs this. */
export function checkNode(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= oldestNode) return fine('Node', process.versions.node);
  return {
    name: 'Node',
    state: 'fail',
    detail: `${process.versions.node} is too old`,
    remedy: 'Start through `./samovar`, which brings its own.',
  };
}

/** Operating system and processor architecture, and the C library on Linux. */
export function checkPlatform(): Finding {
  const platform = `${process.platform}-${process.arch}`;
  const musl = process.platform === 'linux' && !('glibcVersionRuntime' in reportHeader());
  if (platforms.includes(platform) && !musl) return fine('Platform', platform);
  return {
    name: 'Platform',
    state: 'fail',
    detail: `${platform}${musl ? ' with musl' : ''} has no ready engines or PostgreSQL`,
    remedy: `Use one of ${platforms.join(', ')} (on Linux with glibc), for example in a container.`,
  };
}

/** Cores, and the instructions that engines are fast with. */
export function checkProcessor(): Finding {
  const detail = `${cpus()[0]?.model.trim() ?? process.arch}, ${availableParallelism()} cores`;
  const flags = process.arch === 'x64' && process.platform === 'linux' ? cpuFlags() : null;
  if (flags !== null && !flags.has('avx2'))
    return {
      name: 'Processor',
      state: 'warn',
      detail: `${detail}, without AVX2`,
      remedy: 'Models answer slowly here. In a virtual machine, let it see the processor of its host.',
    };
  if (availableParallelism() < 2)
    return {
      name: 'Processor',
      state: 'warn',
      detail,
      remedy: 'Give it two cores or more: engines and the gateway share this one.',
    };
  return fine('Processor', detail);
}

/** Memory that this process may use: the container's where there is a limit, else the machine's. */
export function checkMemory(): Finding {
  const bytes = process.constrainedMemory() || process.availableMemory();
  const detail = `${formatBytes(process.availableMemory())} available`;
  if (bytes >= goodMemoryBytes) return fine('Memory', detail);
  return {
    name: 'Memory',
    state: bytes < leastMemoryBytes ? 'fail' : 'warn',
    detail,
    remedy: `Give it ${formatBytes(goodMemoryBytes)} or more; the packaged models alone need half a gigabyte.`,
  };
}

/** What the chat model runs on, where Samovar runs, and a GPU that is there and not used. */
export async function checkAccelerator(settings: CliSettings): Promise<Finding> {
  const running = runningSupervisor(settings.values.data);
  const models = running ? await readModels(settings) : null;
  const { runsOn, unused } = await readAcceleration(models ?? []);
  const detail = runsOn === null ? 'no chat model is loaded' : `the chat model runs on ${runsOn}`;
  if (unused === null) return fine('Accelerator', detail);
  return { name: 'Accelerator', state: 'note', detail, remedy: `Not used: ${unused}` };
}

function cpuFlags(): Set<string> {
  const line = /^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
  return new Set(line?.split(' '));
}

function reportHeader(): object {
  const report: unknown = process.report.getReport();
  const header = typeof report === 'object' && report !== null && 'header' in report ? report.header : null;
  return typeof header === 'object' && header !== null ? header : {};
}
