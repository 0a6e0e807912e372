import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { testModel } from '../../../server/test/models.ts';
import { ownCheckout } from './accelerator-place.ts';
import { installAccelerator } from './install-accelerator.ts';

const supported = process.platform === 'linux' && process.arch === 'x64';

test('with the real Vulkan binaries the engine still loads a model, also where no GPU is', {
  skip: supported ? false : 'there are no binaries for this platform',
  timeout: 300_000,
}, async () => {
  const checkout = mkdtempSync(join(tmpdir(), 'samovar-vulkan-'));
  try {
    // Copied: the engine looks for the binaries from where it really lies.
    const own = join(ownCheckout, 'node_modules');
    const modules = join(checkout, 'node_modules');
    mkdirSync(join(checkout, 'tools'), { recursive: true });
    cpSync(join(ownCheckout, 'tools', 'empty-package'), join(checkout, 'tools', 'empty-package'), {
      recursive: true,
    });
    execFileSync('cp', ['-a', '--', `${own}/.`, modules]);
    await installAccelerator(checkout, 'vulkan', () => undefined);
    const { files } = await testModel('smollm2-135m-instruct');
    const modelPath = Object.entries(files).find(([name]) => name.endsWith('.gguf'))?.[1];
    assert.ok(modelPath);
    const script = join(checkout, 'load.mjs');
    writeFileSync(
      script,
      `import { getLlama } from 'node-llama-cpp';
      const llama = await getLlama({ gpu: 'auto', build: 'never', skipDownload: true, progressLogs: false });
      await llama.loadModel({ modelPath: ${JSON.stringify(modelPath)} });
      console.log(llama.gpu === false ? 'cpu' : llama.gpu);
      await llama.dispose();`,
    );
    const processor = execFileSync(process.execPath, [script], { encoding: 'utf8' }).trim();
    assert.match(processor, /^(cpu|vulkan)$/);
  } finally {
    rmSync(checkout, { recursive: true, force: true });
  }
});
