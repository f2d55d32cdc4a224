package import Foundation

/// The package that is tested.
package enum PackageDirectory {
    package static let url = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    package static var path: String { url.path }

    /// The directory of reference data next to the package.
    package static let shared = url.deletingLastPathComponent().appending(path: "shared")
}

/// The real repository among the reference data.
package enum SharedRepository {
    package static let archive = PackageDirectory.shared.appending(path: "opam-repository.git.tar")

    package static var isPresent: Bool { FileManager.default.fileExists(atPath: archive.path) }
}

/// Programs that are built with the tests.
package enum BuiltProgram {
    /// The path of a program, in the directory of the test program or in a parent of it.
    package static func path(of name: String) throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var directory = URL(filePath: own).deletingLastPathComponent()
        while !FileManager.default.isExecutableFile(atPath: directory.appending(path: name).path) {
            guard directory.path != "/" else { throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: name]) }
            directory.deleteLastPathComponent()
        }
        return directory.appending(path: name).path
    }
}

/// The forms of tests that take long.
package enum LongForm {
    package static let isWanted = ProcessInfo.processInfo.environment["CISO_TEST_FULL"] == "1"
}
