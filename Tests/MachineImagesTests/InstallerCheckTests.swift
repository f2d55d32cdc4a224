import Core
import Foundation
import MachineImages
import PluginMessages
import System
import TestSupport
import Testing

/// Installers are verified by the distribution's list of checksums, signed or not, or by the user's checksum.
@Suite(.enabled(if: Program.areInstalled("signify-openbsd"), "signify-openbsd is not installed"))
struct InstallerCheckTests {
    private let directory: TemporaryDirectory
    private let signed = InstallerVerification(list: "SHA256.sig", signifyKey: "openbsd-77-base.pub")
    private var file: String { "\(directory.path)/install77.iso" }

    init() throws {
        directory = try TemporaryDirectory()
        try Data("an installer\n".utf8).write(to: URL(filePath: "\(directory.path)/install77.iso"))
        try directory.shell(
            """
            signify-openbsd -G -n -p key.pub -s key.sec
            signify-openbsd -G -n -p other.pub -s other.sec
            printf 'SHA256 (base77.tgz) = %064d\\nSHA256 (install77.iso) = %s\\n' 0 "$(sha256sum install77.iso | cut -d' ' -f1)" >SHA256
            signify-openbsd -S -e -s key.sec -m SHA256 -x SHA256.sig
            printf 'SHA512 (install77.iso) = %s\\n' "$(sha512sum install77.iso | cut -d' ' -f1)" >SHA512
            """)
    }

    private func check(
        _ verification: InstallerVerification, checksum: String? = nil, list: String? = nil, key: String? = nil,
        file: String? = nil
    ) async throws -> InstallerCheck.Evidence {
        try await InstallerCheck(
            file: file ?? self.file, verification: verification, checksum: checksum,
            list: list.map { "\(directory.path)/\($0)" }, key: key.map { "\(directory.path)/\($0)" },
            environment: .ofTests
        ).run()
    }

    private func reason(_ body: () async throws -> InstallerCheck.Evidence) async -> String {
        let failure = await #expect(throws: Failure.self) { _ = try await body() }
        #expect(failure?.category == .input)
        return failure?.description ?? ""
    }

    @Test func aSignedListIsBelieved() async throws {
        let evidence = try await check(signed, key: "key.pub")
        #expect(
            evidence == .signature(list: "\(directory.path)/SHA256.sig", key: "\(directory.path)/key.pub"))
    }

    @Test func anotherKeyIsNot() async throws {
        #expect(await reason { try await check(signed, key: "other.pub") }.contains("is not signed by"))
    }

    @Test func aChangedListIsNot() async throws {
        try directory.shell("sed -i 's/base77/base78/' SHA256.sig")
        #expect(await reason { try await check(signed, key: "key.pub") }.contains("is not signed by"))
    }

    /// A list without a signature is never accepted instead of a signed one.
    @Test func aListWithoutASignatureIsNoSignedOne() async throws {
        #expect(await reason { try await check(signed, list: "SHA256", key: "key.pub") }.contains("is not signed by"))
    }

    @Test func theKeyThatIsMissingIsNamed() async throws {
        let text = await reason { try await check(signed) }
        #expect(text.contains("openbsd-77-base.pub") && text.contains("--signing-key"))
    }

    @Test func aChangedInstallerIsNamedWithBothChecksums() async throws {
        try Data("another installer\n".utf8).write(to: URL(filePath: file))
        let text = await reason { try await check(signed, key: "key.pub") }
        #expect(text.contains("expected sha256=") && text.contains("SHA256.sig") && text.contains("found "))
    }

    @Test func listsWithoutSignaturesSayOnlyThat() async throws {
        let list = InstallerVerification(list: "SHA512")
        #expect(try await check(list) == .list("\(directory.path)/SHA512"))
        #expect("\(try await check(list))".contains("not signed"))
        try directory.shell("rm SHA512")
        #expect(await reason { try await check(list) }.contains("--checksum"))
    }

    @Test func aNameThatIsNotInTheListIsRefused() async throws {
        try directory.shell("mv install77.iso renamed.iso")
        let text = await reason { try await check(signed, key: "key.pub", file: "\(directory.path)/renamed.iso") }
        #expect(text.contains("has no checksum of 'renamed.iso'"))
    }

    @Test func theUsersChecksumStandsInForAList() async throws {
        let digits = try Digest(ofFile: file)
        #expect(try await check(signed, checksum: "sha256=\(digits)") == .checksum)
        let zeros = String(repeating: "0", count: 64)
        #expect(await reason { try await check(signed, checksum: "sha256=\(zeros)") }.contains("as given"))
        for wrong in ["\(digits)", "sha256=", "md5=\(zeros.prefix(32))", "sha512=\(digits)", "sha256=\(zeros)g"] {
            #expect(await reason { try await check(signed, checksum: wrong) }.contains("is not a checksum"), "\(wrong)")
        }
    }
}
