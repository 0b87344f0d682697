{
  'target_defaults': {
    'include_dirs': [
      '<!(node -p "require(\'node-addon-api\').include_dir")',
      'native/core'
    ],
    'defines': [
      'NAPI_VERSION=8',
      'NAPI_CPP_EXCEPTIONS',
      'NODE_ADDON_API_CPP_EXCEPTIONS_ALL',
      'NODE_ADDON_API_DISABLE_DEPRECATED',
      'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      'EIGEN_MPL2_ONLY',
      'EIGEN_DONT_PARALLELIZE'
    ],
    # Near-ties between neighbours are decided by the last bit: no fused multiply-add unless the source asks for one.
    'cflags!': ['-fno-exceptions', '-fno-strict-aliasing'],
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': [
      '-std=c++17', '-fvisibility=hidden', '-fvisibility-inlines-hidden', '-fno-gnu-unique',
      '-fno-math-errno', '-ffp-contract=off', '-Wno-psabi', '-Wno-maybe-uninitialized'
    ],
    'configurations': {
      'Release': { 'cflags': ['-O3'], 'defines': ['NDEBUG'] },
      'Debug': { 'cflags': ['-O1', '-g'] }
    },
    # a symbol that is missing must fail at load, where the loader can say what to do
    'conditions': [
      # as system headers, whose warnings are not ours; relative to build/, where make runs
      ['OS=="linux"', { 'ldflags': ['-Wl,-z,now'], 'cflags_cc': ['-isystem', '../native/vendor/eigen'] },
        { 'include_dirs': ['native/vendor/eigen'] }]
    ],
    'xcode_settings': {
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
      'OTHER_CPLUSPLUSFLAGS': ['-ffp-contract=off', '-fno-math-errno']
    }
  },
  # The same sources for several levels of x86-64; lib/native.ts loads the best that the processor has. Separate binaries,
  # because one binary with per-file flags lets the linker keep an AVX-512 copy of an inline function for all.
  'targets': [
    { 'target_name': 'legcnet_cpu', 'sources': ['native/binding/cpu.cc'] },
    {
      'target_name': 'legcnet',
      'sources': ['<!@(node scripts/sources.cjs)'],
      'conditions': [['target_arch=="x64" and OS!="win"', { 'cflags_cc': ['-march=x86-64-v2'] }]]
    }
  ],
  'conditions': [
    ['target_arch=="x64" and OS=="linux"', {
      'targets': [
        {
          'target_name': 'legcnet_v3',
          'sources': ['<!@(node scripts/sources.cjs)'],
          'cflags_cc': ['-march=x86-64-v3']
        },
        {
          'target_name': 'legcnet_v4',
          'sources': ['<!@(node scripts/sources.cjs)'],
          # GCC 12's own AVX-512 header has variables that it then finds uninitialized
          'cflags_cc': ['-march=x86-64-v4', '-mprefer-vector-width=512', '-Wno-uninitialized']
        }
      ]
    }]
  ]
}
