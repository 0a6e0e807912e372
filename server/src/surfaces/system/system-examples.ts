export const readyExample = {
  status: 'ready',
  checks: { policy: { ok: true, detail: 'confirmed 0.2 s ago' } },
};

export const notReadyExample = {
  status: 'not_ready',
  checks: { policy: { ok: false, detail: 'PostgreSQL has been away for 620 s' } },
};

/** Its beginning. */
export const documentExample = { openapi: '3.1.0', info: { title: 'Samovar', version: '0.1.0' }, paths: {} };

export const metricsExample = [
  '# HELP samovar_inference_running Inference requests that have begun and not ended.',
  '# TYPE samovar_inference_running gauge',
  'samovar_inference_running 3',
  '',
].join('\n');
