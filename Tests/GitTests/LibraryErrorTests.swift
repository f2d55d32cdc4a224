import Core
import Glibc
import Testing

@testable import Git

/// The conversion of libgit2's messages.
@Suite struct LibraryErrorTests {
    /// A full disk of this machine is not a network error, whichever operation failed.
    @Test(arguments: [
        ("failed to write to '/c/objects/pack/x': No space left on device", GitError.Kind.noSpace),
        ("could not create '/c/objects/ab': Permission denied", .system(EACCES)),
        ("failed to mmap. Could not write data: Input/output error", .system(EIO)),
        ("failed to connect to example.org: Connection refused", .network),
        ("failed to resolve address for example.org: Name or service not known", .network),
        ("unexpected http status code: 503", .network), ("request failed with status code: 404", .notFound),
        ("early EOF", .network), ("", .network),
    ])
    func aLocalFailureIsNotTheNetworks(sentence: String, kind: GitError.Kind) {
        let error = LibraryError(message: sentence).remote(isAbsent: false, "fetch", "https://example.org/a")
        #expect(error.kind == kind, "\(error)")
        #expect(error.category == (kind == .notFound ? .input : .unavailable))
        #expect(!error.detail.contains("failed to") && !error.detail.isEmpty, "\(error)")
    }

    @Test func theFileThatTheSystemRefusesIsNamed() {
        let sentence = "failed to open '/r/HEAD.lock' for writing: Permission denied"
        let error = LibraryError(message: sentence).local(.other(-1), "update reference 'x'", "/r")
        #expect(error.kind == .system(EACCES))
        #expect(error.detail == "'/r/HEAD.lock': Permission denied")
        #expect(error.libraryMessage == sentence)
    }

    /// The error for a pack that was removed while it was read still makes the store search again.
    @Test func missingFilesAreErrorsOfTheRepository() {
        let error = LibraryError(message: "failed to stat '/r/x.pack': No such file or directory")
            .local(.other(-1), "read blob", "/r")
        #expect(error.kind == .other(-1))
        #expect(error.detail == "No such file or directory")
    }
}
