internal import PluginABI

/// What this host expects of a descriptor, from the C header.
let expectedMagic = CISO_PLUGIN_MAGIC
let expectedVersion = CISO_PLUGIN_ABI_VERSION
let expectedSize = MemoryLayout<ciso_plugin_descriptor>.size
let nameLimit = Int(CISO_PLUGIN_NAME_LIMIT)

/// How a call ended, by the C header's numbers.
package enum CallStatus: Int32 {
    case answered = 0
    case refused = 1
    case unknownCall = 2
}
