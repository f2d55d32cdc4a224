internal import Foundation

/// The example of a plugin in C, `Plugins/Examples/minimal.c`, with some of its text replaced.
package enum ExamplePlugin {
    /// Text of the example that a change refers to is not there.
    package struct Missing: Error {
        package var text: String
    }

    /// Builds `libCisoNAME.so`.
    ///
    /// - Parameters:
    ///   - changes: texts of the C source and what replaces each, everywhere.
    /// - Returns: the path of the shared object.
    /// - Throws: `Missing`; `ProgramFailure` if the compiler rejects the source.
    package static func build(
        in directory: String, named name: String = "Minimal", changing changes: [(String, String)] = []
    ) throws -> String {
        let example = "\(PackageDirectory.path)/Plugins/Examples/minimal.c"
        var source = try String(contentsOfFile: example, encoding: .utf8)
        for (text, replacement) in changes {
            guard source.contains(text) else { throw Missing(text: text) }
            source = source.replacing(text, with: replacement)
        }
        let path = "\(directory)/libCiso\(name).so"
        try Data(source.utf8).write(to: URL(filePath: "\(directory)/\(name).c"))
        try Program([
            "clang", "-std=c11", "-w", "-shared", "-fPIC", "-I", "\(PackageDirectory.path)/Sources/PluginABI/include",
            "-o",
            path, "\(directory)/\(name).c",
        ]).output()
        return path
    }
}
