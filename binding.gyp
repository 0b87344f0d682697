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
    # Node's own flags give way to ours, which CMake reads too: what one build compiles, a compiler cache knows in the other.
    'cflags!': [
      '-fno-exceptions', '-fno-strict-aliasing', '-pthread', '-Wall', '-Wextra', '-Wno-unused-parameter', '-m64'
    ],
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': ['<!@(node scripts/listed.cjs native/flags.txt)'],
    'configurations': {
      'Release': { 'cflags!': ['-O3', '-fno-omit-frame-pointer'], 'cflags_cc': ['-O3'], 'defines': ['NDEBUG'] },
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
      'sources': ['<!@(node scripts/listed.cjs native/sources.txt)'],
      'conditions': [['target_arch=="x64" and OS!="win"', { 'cflags_cc': ['-march=x86-64-v2'] }]]
    }
  ],
  'conditions': [
    ['target_arch=="x64" and OS=="linux"', {
      'targets': [
        {
          'target_name': 'legcnet_v3',
          'sources': ['<!@(node scripts/listed.cjs native/sources.txt)'],
          'cflags_cc': ['-march=x86-64-v3']
        },
        {
          'target_name': 'legcnet_v4',
          'sources': ['<!@(node scripts/listed.cjs native/sources.txt)'],
          # GCC 12's own AVX-512 header has variables that it then finds uninitialized
          'cflags_cc': ['-march=x86-64-v4', '-mprefer-vector-width=512', '-Wno-uninitialized']
        }
      ]
    }]
  ]
}
