{
  'target_defaults': {
    'include_dirs': [
      '<!(node -p "require(\'node-addon-api\').include_dir")',
      'native/core',
      'native/vendor/eigen'
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
      '-fno-math-errno', '-ffp-contract=off', '-Wno-psabi'
    ],
    'configurations': {
      'Release': { 'cflags': ['-O3'], 'defines': ['NDEBUG'] },
      'Debug': { 'cflags': ['-O1', '-g'] }
    },
    # a symbol that is missing must fail at load, where the loader can say what to do
    'conditions': [['OS=="linux"', { 'ldflags': ['-Wl,-z,now'] }]],
    'xcode_settings': {
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
      'OTHER_CPLUSPLUSFLAGS': ['-ffp-contract=off', '-fno-math-errno']
    }
  },
  'targets': [
    {
      'target_name': 'legcnet',
      'sources': ['<!@(node scripts/sources.cjs)'],
      'conditions': [['target_arch=="x64" and OS!="win"', { 'cflags_cc': ['-march=x86-64-v2'] }]]
    }
  ]
}
