export const uploadExample = {
  id: 'upl_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  name: 'model.gguf',
  sizeBytes: 98362432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  receivedBytes: 33554432,
  state: 'receiving',
  createdAt: '2026-11-23T12:00:00.000Z',
  expiresAt: '2026-11-25T12:00:00.000Z',
};

const { name, sizeBytes, sha256 } = uploadExample;
export const newUploadExample = { name, sizeBytes, sha256 };
