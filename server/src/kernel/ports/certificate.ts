/** What a TLS server is set up with: PEM texts, and the oldest version it speaks. */
export interface SecureContextOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
}

/** The certificate of this installation, which may change while it runs. */
export interface Certificate {
  secureContextOptions(): SecureContextOptions;
  /** Told of each new pair; connections that are open keep the one they began with. */
  onChange(listener: (options: SecureContextOptions) => void): void;
}
