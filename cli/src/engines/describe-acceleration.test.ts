import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { amdGpus } from '../up/find-accelerator.ts';
import { describeAcceleration } from './describe-acceleration.ts';

const nvidia = { name: 'NVIDIA H100, 81559 MiB', binaries: 'cuda' } as const;
const amd = { name: 'AMD GPU', binaries: 'vulkan' } as const;
const plain = { processor: 'cpu', found: [], installed: null, platform: 'linux-x64' };

test('what the engine told is what is said', () => {
  assert.deepEqual(describeAcceleration(plain), { runsOn: 'the processor', unused: null });
  const onGpu = { ...plain, processor: 'cuda', found: [nvidia] };
  assert.deepEqual(describeAcceleration(onGpu), { runsOn: 'the GPU, through CUDA', unused: null });
  assert.equal(describeAcceleration({ ...plain, processor: null }).runsOn, null);
});

test('a GPU that is there and not used comes with the one command that changes it', () => {
  assert.equal(
    describeAcceleration({ ...plain, found: [nvidia] }).unused,
    'NVIDIA H100, 81559 MiB: `./samovar engines install cuda` changes that',
  );
  assert.match(describeAcceleration({ ...plain, found: [amd] }).unused ?? '', /engines install vulkan/);
});

test('a GPU whose binaries are installed and not used, or that has none, gets no such command', () => {
  const installed = { kind: 'cuda', version: '1.0.0' } as const;
  assert.match(describeAcceleration({ ...plain, found: [nvidia], installed }).unused ?? '', /driver/);
  assert.equal(describeAcceleration({ ...plain, processor: null, found: [nvidia], installed }).unused, null);
  const arm = { ...plain, found: [nvidia], platform: 'linux-arm64' };
  assert.match(describeAcceleration(arm).unused ?? '', /no ready engine binaries.*linux-arm64/);
});

test('graphics devices of AMD are found as the kernel lists them', () => {
  const root = mkdtempSync(join(tmpdir(), 'samovar-drm-'));
  for (const [name, vendor] of [
    ['card0', '0x1002\n'],
    ['card1', '0x8086\n'],
    ['card0-DP-1', '0x1002\n'],
  ] as const) {
    mkdirSync(join(root, name, 'device'), { recursive: true });
    writeFileSync(join(root, name, 'device', 'vendor'), vendor);
  }
  assert.deepEqual(amdGpus(root), [amd]);
  assert.deepEqual(amdGpus(join(root, 'nowhere')), []);
  rmSync(root, { recursive: true });
});
