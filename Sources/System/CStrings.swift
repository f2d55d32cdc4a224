internal import Glibc

/// Strings as a C array `char *const []`, terminated by a null pointer and freed with this object.
package final class CStrings {
    package let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    package let count: Int

    package init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() {
            pointers[index] = strdup(string)
        }
        pointers[count] = nil
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }

    /// The same pointers for parameters of type `const char *const []`.
    package var constant: UnsafePointer<UnsafePointer<CChar>?> {
        UnsafeRawPointer(pointers).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
    }
}
