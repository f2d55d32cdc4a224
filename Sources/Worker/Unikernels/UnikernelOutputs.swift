internal import Archive
internal import Core
internal import Foundation
internal import Model
internal import OpamFormat

/// The outputs of a job of a unikernel's package besides its layer, as requested by fields of its opam file.
struct UnikernelOutputs {
    /// The maximum size of a generated opam file in bytes.
    private static let generatedLimit = 256 << 10
    /// The maximum size of an image in bytes.
    private static let imageLimit = 256 << 20

    /// Whether a package's job runs the image that its build installed, so that the build's layer must be available.
    static func runsImage(_ files: PackageFiles) -> Bool {
        hasField("x-ciso-run", files)
    }

    /// `error`; if the package generates an opam file, a failed command of its recipe, which compiles `config.ml` and
    /// looks for what was generated, is a failure to configure.
    static func judged(_ error: any Error, of files: PackageFiles) -> any Error {
        guard var failure = error as? PackageFailure, [.build, .install].contains(failure.phase),
            hasField("x-ciso-generated", files)
        else { return error }
        failure.phase = .configure
        return failure
    }

    private static func hasField(_ name: String, _ files: PackageFiles) -> Bool {
        let opam = try? OpamFile(parsing: files.opam, file: "opam")
        return opam?.extensions.contains { $0.name == name } ?? false
    }

    let opam: OpamFile
    let prefix: String
    let backend: any BuildBackend

    /// The file that `x-ciso-generated` names; nil without that field.
    ///
    /// - Throws: `PackageFailure` if it was not installed, is not an opam file, or is too large.
    func generated() throws -> String? {
        guard let path = opam.strings(ofExtension: "x-ciso-generated").first else { return nil }
        guard let bytes = try backend.readInstalled(FilePath("\(prefix)/\(path)"), limit: Self.generatedLimit)
        else {
            throw PackageFailure(
                .configure, "'mirage configure' generated no opam file of at most \(Self.generatedLimit) bytes")
        }
        do {
            _ = try OpamFile(parsing: bytes, file: "generated.opam")
        } catch {
            throw PackageFailure(.configure, "'mirage configure' generated an unusable opam file: \(error)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The image that `x-ciso-image` names, checked; nil without that field.
    ///
    /// - Throws: `PackageFailure` if it does not exist or has another target.
    func image() throws -> CellResult.Image? {
        let words = opam.strings(ofExtension: "x-ciso-image")
        guard words.count == 2 else { return nil }
        let (path, target) = (words[0], words[1])
        guard let bytes = try backend.readInstalled(FilePath("\(prefix)/\(path)"), limit: Self.imageLimit) else {
            throw PackageFailure(.install, "the image '\(path)' was not installed")
        }
        if target == "unix" {
            return CellResult.Image(backend: target, digest: Digest(of: bytes), path: path, size: bytes.count)
        }
        let found: UnikernelImage
        do throws(UnikernelImage.Malformed) {
            found = try UnikernelImage(bytes)
        } catch {
            throw PackageFailure(.install, "the image '\(path)' cannot be used: \(error)")
        }
        try check(found, path, for: target)
        try checkManifest(of: found, path)
        return CellResult.Image(
            backend: target, abi: found.abi?.version, devices: found.devices, digest: Digest(of: bytes), path: path,
            size: bytes.count)
    }

    private func check(_ image: UnikernelImage, _ path: String, for target: String) throws {
        // Qubes runs images for Xen.
        let wanted = target == "qubes" ? "xen" : target
        guard image.abi?.target != wanted else { return }
        let found = image.abi.map { "it is built for \($0.target)" } ?? "it has no note of Solo5 that says so"
        throw PackageFailure(
            .install, "the image '\(path)' is not built for \(target): \(found)",
            signature: "image built for \(image.abi?.target ?? "nothing") instead of \(wanted)")
    }

    /// The devices of the manifest that `mirage configure` generated, as Solo5 reads it.
    private struct Manifest: Decodable {
        struct Device: Decodable {
            var name: String
            var type: String
        }

        var devices: [Device]
    }

    /// Compares the manifest in the image with the one that was installed along with it.
    private func checkManifest(of image: UnikernelImage, _ path: String) throws {
        let directory = path.split(separator: "/").dropLast().joined(separator: "/")
        let file = FilePath("\(prefix)/\(directory)/manifest.json")
        guard let bytes = try backend.readInstalled(file, limit: Self.generatedLimit) else { return }
        guard let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(bytes)) else {
            throw PackageFailure(.install, "the manifest of the unikernel is not one of Solo5")
        }
        let kinds = ["NET_BASIC": "net", "BLOCK_BASIC": "block"]
        let wanted = manifest.devices.map { "\(kinds[$0.type] ?? $0.type):\($0.name)".displayableOnOneLine }
        guard image.devices ?? [] != wanted else { return }
        let list = { (names: [String]) in names.isEmpty ? "none" : names.joined(separator: ", ") }
        throw PackageFailure(
            .install,
            "the image '\(path)' has the devices \(list(image.devices ?? [])), its manifest \(list(wanted))",
            signature: "devices of the image differ from its manifest")
    }
}
