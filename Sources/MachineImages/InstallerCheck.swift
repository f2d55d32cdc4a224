internal import Core
package import PluginMessages
package import System

/// Verifies that a file was published by the distribution.
///
/// - SeeAlso: `docs/decisions/0282-installer-verification.md`
package struct InstallerCheck: Sendable {
    /// The means by which a file was verified.
    package enum Evidence: Hashable, Sendable, CustomStringConvertible {
        /// A checksum given by the user.
        case checksum
        /// A list signed by a key.
        case signature(list: String, key: String)
        /// An unsigned list: it shows that the file is complete, not its origin.
        case list(String)

        package var description: String {
            switch self {
            case .checksum: "its checksum is the given one"
            case .signature(let list, let key): "its checksum is in '\(list)', which is signed by '\(key)'"
            case .list(let list): "its checksum is in '\(list)', which is not signed"
            }
        }
    }

    /// The file's path.
    package var file: String
    /// How the distribution publishes checksums.
    package var verification: InstallerVerification
    /// `sha256=…` or `sha512=…`, instead of the distribution's list.
    package var checksum: String?
    /// The distribution's list; the one next to the file if nil.
    package var list: String?
    /// The public key; that of Debian's package if nil.
    package var key: String?
    /// The environment of the program that verifies signatures.
    package var environment: ProcessEnvironment

    package init(
        file: String, verification: InstallerVerification, checksum: String? = nil, list: String? = nil,
        key: String? = nil, environment: ProcessEnvironment
    ) {
        self.file = file
        self.verification = verification
        self.checksum = checksum
        self.list = list
        self.key = key
        self.environment = environment
    }

    private static let keyDirectory = "/usr/share/signify-openbsd-keys"
    private static let listLimit = 4 << 20

    /// Verifies the file.
    ///
    /// - Throws: `Failure` of the category `input` if the file does not match, or a file required for the verification
    ///   is missing.
    package func run() async throws -> Evidence {
        let (expected, evidence) = try await expectation()
        let file = file
        let found = try await BlockingWork.run {
            try MessageDigest(expected.algorithm, of: OpenFile<SystemError>(file, 0)).finish()
        }
        guard found == expected.digits else {
            throw Failure(
                .input,
                "'\(file)': expected \(expected.algorithm.rawValue)=\(expected.digits) "
                    + "(\(evidence == .checksum ? "as given" : "as in '\(listPath)'")), found \(found)",
                hint: "the file is damaged, or a different one: download it again")
        }
        return evidence
    }

    private var name: String { String(file.split(separator: "/").last ?? "") }

    private var listPath: String {
        list ?? "\(parentDirectory(of: absolute(file)) ?? ".")/\(verification.list)"
    }

    private func expectation() async throws -> (ChecksumList.Checksum, Evidence) {
        if let checksum {
            guard let checksum = ChecksumList.Checksum(checksum) else {
                throw Failure(
                    .input, "'\(checksum)' is not a checksum", hint: "write sha256=DIGITS or sha512=DIGITS")
            }
            return (checksum, .checksum)
        }
        guard let bytes = try FileSystem<SystemError>.contents(of: listPath, limit: Self.listLimit) else {
            throw Failure(
                .input, "'\(listPath)': the distribution's list of checksums is missing",
                hint: "fetch '\(verification.list)' from the directory of '\(name)', or give --checksum")
        }
        let text: String
        let evidence: Evidence
        if let signer = verification.signifyKey {
            let key = key ?? "\(Self.keyDirectory)/\(signer)"
            text = try await signed(by: key)
            evidence = .signature(list: listPath, key: key)
        } else {
            text = String(decoding: bytes, as: UTF8.self)
            evidence = .list(listPath)
        }
        guard let checksum = ChecksumList(text)[name] else {
            throw Failure(
                .input, "'\(listPath)' has no checksum of '\(name)'",
                hint: "the file must have the name under which it was published")
        }
        return (checksum, evidence)
    }

    /// The text of the list, which is read only if the signature is valid.
    private func signed(by key: String) async throws -> String {
        guard FileStatus(key, followingLinks: true)?.isFile == true else {
            throw Failure(
                .input, "'\(key)': the key that signs '\(verification.list)' is missing",
                hint: "copy it from an earlier release of the system or its web site and give --signing-key; "
                    + "Debian's package signify-openbsd-keys has those of older releases")
        }
        let completion: Subprocess.Completion
        do {
            completion = try await Subprocess(
                ["signify-openbsd", "-V", "-e", "-q", "-p", key, "-x", listPath, "-m", "-"],
                environment: environment.variables, outputLimit: Self.listLimit, timeLimit: .seconds(60)
            ).run()
        } catch let error as SystemError {
            throw Failure(
                .unavailable, "signatures cannot be verified: \(error)", hint: "apt install signify-openbsd")
        }
        guard completion.succeeded else {
            let reason = String(decoding: completion.errors, as: UTF8.self).displayableOnOneLine
            throw Failure(
                .input, "'\(listPath)' is not signed by '\(key)': \(reason)",
                hint: "the list or the key is of another release, or the list was changed")
        }
        return String(decoding: completion.output, as: UTF8.self)
    }
}
