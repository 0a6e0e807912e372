export const keyExample = {
  id: 'key_019aaf0b7a107d3e9c4b5a6d7e8f9a0b',
  name: 'support-desk',
  prefix: 'smv_Zk3T9a',
  permissions: ['inference.invoke', 'models.read', 'operations.read', 'operations.manage'],
  limits: { requestsPerMinute: 600, tokensPerMinute: null, parallelRequests: 32 },
  state: 'valid',
  expiresAt: '2027-01-01T00:00:00.000Z',
  revokedAt: null,
  createdAt: '2026-11-23T12:00:00.000Z',
  createdBy: 'key_019aaf0a11c27f4aa0d1c2b3a4958677',
};

export const revokedKeyExample = {
  ...keyExample,
  state: 'revoked',
  revokedAt: '2026-11-23T18:30:00.000Z',
};

export const createdKeyExample = { ...keyExample, secret: 'smv_Zk3T9aW5mQx7Lr2VbNc8Hd4Ys6Pj1Gt0EuKf' };

export const newKeyExample = {
  name: 'support-desk',
  limits: { requestsPerMinute: 600, parallelRequests: 32 },
  expiresAt: '2027-01-01T00:00:00Z',
};
