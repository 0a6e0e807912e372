/** An npm package with engine binaries, pinned: these are code that runs with the server's rights. */
export interface AcceleratorPackage {
  /** `@node-llama-cpp/linux-x64-cuda`. */
  readonly name: string;
  readonly version: string;
  /** Subresource integrity of the package's archive. */
  readonly integrity: string;
  /** Of the archive. */
  readonly sizeBytes: number;
}

export type AcceleratorKind = 'cuda' | 'vulkan';

/** Of the release of node-llama-cpp that the lock file names; a test holds the two together. */
const version = '3.22.1';

/** What each kind of accelerator takes, for Linux on x64. */
export const acceleratorPackages: Readonly<Record<AcceleratorKind, readonly AcceleratorPackage[]>> = {
  cuda: [
    {
      name: '@node-llama-cpp/linux-x64-cuda',
      version,
      integrity:
        'sha512-8rQCjyNNLZJUFit+YpjwlC4hwkKgOMIkB2wuycKBf8NU2O3ySKbiWZQ8aw9ku2nUTXjSnUIrE6KB88itduTBuA==',
      sizeBytes: 142_898_030,
    },
    {
      name: '@node-llama-cpp/linux-x64-cuda-ext',
      version,
      integrity:
        'sha512-4e5ajkiM2aR2WAdB/N/ACk4weEhHvOAIrzxZPsIX0xDFW5+6hhShuy1/vs88SK9NGdgAco9IyE28eYS0H1efpA==',
      sizeBytes: 176_664_119,
    },
  ],
  vulkan: [
    {
      name: '@node-llama-cpp/linux-x64-vulkan',
      version,
      integrity:
        'sha512-bBxqU+JOcBu1nb5Qj2zcMci+JByT1E8EajHvYodyNfVIPkEhXh+/HMwR1/BT7xP08YK0hks+kM8fglER0P8JEg==',
      sizeBytes: 24_311_427,
    },
  ],
};

/** The kinds as a person writes them. */
export const acceleratorKinds = Object.keys(acceleratorPackages) as readonly AcceleratorKind[];
