import Glibc

/// A plugin in Swift, without the kit, whose every call is a `fatalError`.
private nonisolated(unsafe) let descriptor: UnsafeMutablePointer<ciso_plugin_descriptor> = {
    let descriptor = UnsafeMutablePointer<ciso_plugin_descriptor>.allocate(capacity: 1)
    descriptor.initialize(
        to: ciso_plugin_descriptor(
            magic: CISO_PLUGIN_MAGIC, abi_version: CISO_PLUGIN_ABI_VERSION,
            struct_size: UInt32(MemoryLayout<ciso_plugin_descriptor>.size), reserved: 0, name: strdup("trap"),
            version: strdup("1"), call: { _, _, _, _, _ in fatalError("the author's mistake") }, release: { _, _ in }))
    return descriptor
}()

@c(ciso_plugin_entry)
public func entry(_ hostABI: UInt32) -> UnsafePointer<ciso_plugin_descriptor>? { UnsafePointer(descriptor) }
