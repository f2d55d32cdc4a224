internal import PluginABI

/// The values of a descriptor that this host expects, from the C header.
let expectedMagic = CISO_PLUGIN_MAGIC
let expectedVersion = CISO_PLUGIN_ABI_VERSION
let expectedSize = MemoryLayout<ciso_plugin_descriptor>.size
let nameLimit = Int(CISO_PLUGIN_NAME_LIMIT)

/// The status of a call, with the numbers of the C header.
package enum CallStatus: Int32 {
    case answered = 0
    case refused = 1
    case unknownCall = 2
}
