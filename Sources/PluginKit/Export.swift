internal import FoundationEssentials
internal import Glibc
internal import PluginABI
internal import Synchronization

/// Exports `plugin` from this shared object; called by its entry symbol.
///
/// - Returns: the C descriptor that `PluginABI.h` describes; nil if the host is older than this kit.
public func export(_ plugin: any DistributionPlugin, to hostABI: UInt32) -> UnsafeRawPointer? {
    guard hostABI >= CISO_PLUGIN_ABI_VERSION else { return nil }
    let description = plugin.description
    let descriptor = UnsafeMutablePointer<ciso_plugin_descriptor>.allocate(capacity: 1)
    descriptor.initialize(
        to: ciso_plugin_descriptor(
            magic: CISO_PLUGIN_MAGIC, abi_version: CISO_PLUGIN_ABI_VERSION,
            struct_size: UInt32(MemoryLayout<ciso_plugin_descriptor>.size), reserved: 0,
            name: UnsafePointer(strdup(description.name)), version: UnsafePointer(strdup(description.version)),
            call: { name, request, requestSize, answer, answerSize in
                guard let name, let answer, let answerSize else { return Int32(CISO_PLUGIN_UNKNOWN_CALL) }
                let request = UnsafeBufferPointer(start: request, count: requestSize)
                return serve(String(cString: name), Data(request), answer, answerSize)
            },
            release: { answer, _ in answer?.deallocate() }))
    exported.withLock { $0 = Exported(plugin: plugin, descriptor: UInt(bitPattern: descriptor)) }
    return UnsafeRawPointer(descriptor)
}

private struct Exported {
    let plugin: any DistributionPlugin
    /// The descriptor's address, which is valid as long as the plugin is loaded.
    let descriptor: UInt
}

/// A global, because the C function has no context parameter, and a shared object contains one plugin.
private let exported = Mutex<Exported?>(nil)

private func serve(
    _ name: String, _ request: Data, _ answer: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>,
    _ answerSize: UnsafeMutablePointer<Int>
) -> Int32 {
    guard let plugin = exported.withLock({ $0?.plugin }) else { return Int32(CISO_PLUGIN_UNKNOWN_CALL) }
    let response = Response(to: name, request, of: plugin)
    guard let bytes = response.bytes else { return response.status }
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, bytes.count))
    bytes.copyBytes(to: memory, count: bytes.count)
    answer.pointee = memory
    answerSize.pointee = bytes.count
    return response.status
}
