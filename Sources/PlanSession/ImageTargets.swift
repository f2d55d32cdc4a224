internal import Core
internal import Images
internal import Matrix
internal import Model
internal import System

/// Resolves the images of a matrix's targets: their digests, and the properties found in their files.
///
/// - SeeAlso: `docs/decisions/0261-image-facts.md`
struct ImageTargets: Sendable {
    private let store: ImageStore?
    private let resolved = AsyncMemo<Key, ResolvedImage>()
    private let facts = AsyncMemo<Digest, ImageFacts>()

    private struct Key: Hashable {
        let reference: ImageReference
        let architecture: String
    }

    /// - Parameter store: nil if images are not available.
    init(_ store: ImageStore?) {
        self.store = store
    }

    /// The image named by a target; nil if it names none.
    ///
    /// - Parameter architecture: in opam's spelling.
    /// - Throws: `Failure` with the location of the name.
    func image(of target: TargetEntry, architecture: String) async throws -> ResolvedImage? {
        guard let image = target.image else {
            guard target.plugin?.value != "image", target.name.value != "image" else {
                throw Failure(
                    .input, "target '\(target.name.value)': the plugin 'image' needs an image",
                    at: target.name.location, hint: "write 'image: docker.io/opensuse/leap:15.6'")
            }
            return nil
        }
        do {
            return try await resolve(image.value, architecture)
        } catch let failure as Failure {
            throw failure.located(at: image.location)
        }
    }

    /// The image named by a plugin.
    func image(named text: String?, architecture: String) async throws -> ResolvedImage {
        guard let text, let reference = ImageReference(text) else {
            throw Failure(
                .input, "the plugin's image '\(text ?? "")' is not a reference",
                hint: "expected '[HOST/]NAME[:TAG][@sha256:DIGEST]' or 'oci:DIRECTORY[:TAG]'")
        }
        return try await resolve(reference, architecture)
    }

    private func resolve(_ reference: ImageReference, _ architecture: String) async throws -> ResolvedImage {
        guard let store else { throw Failure(.input, "image '\(reference)': this command pulls no images") }
        return try await resolved.value(for: Key(reference: reference, architecture: architecture)) {
            try await store.resolve(reference, architecture: architecture)
        }
    }

    /// The properties of an image, as options of the plugin `image`. The layers of the image are pulled only if the
    /// matrix does not specify these properties.
    ///
    /// - Parameters:
    ///   - location: where the matrix names the image.
    ///   - given: the options of the matrix.
    func options(
        of image: ResolvedImage, at location: SourceLocation?, beside given: [String: String]
    ) async throws -> [String: String] {
        guard let store, !Self.decisive.allSatisfy({ given[$0] != nil }) else {
            return image.configuration.options
        }
        let facts = try await facts.value(for: image.digest) { try await store.facts(of: image) }
        guard facts.hasShell else {
            throw Failure(
                .input, "image '\(image.reference)': has no '/bin/sh', by which all steps are run", at: location,
                hint: "use an image with a shell and a package manager, such as one that a distribution publishes")
        }
        return facts.options
    }

    /// If the matrix sets one of these options, it specifies the image.
    private static let decisive = ["package-manager", "os-distribution", "os-family", "os-version"]
}

extension ResolvedImage {
    /// The image as recorded in plans.
    var planned: Plan.Image {
        var variables = configuration.variables
        // The description contains it.
        variables["PATH"] = nil
        return Plan.Image(reference: reference.description, variables: variables)
    }
}

extension ImageConfiguration {
    /// The properties of an image that are known without its layers, as options of the plugin `image`.
    fileprivate var options: [String: String] {
        var options = variables["PATH"].map { ["path": $0] } ?? [:]
        if let (uid, gid) = userIDs { (options["uid"], options["gid"]) = ("\(uid)", "\(gid)") }
        let name = user.prefix { $0 != ":" }
        if !["", "root"].contains(name), Int(name) == nil {
            options["user"] = String(name)
            options["home"] = "/home/\(name)"
        }
        return options
    }
}

extension ImageFacts {
    /// The options of the plugin `image`.
    fileprivate var options: [String: String] {
        let managers = ["apt-get": "apt", "xbps-install": "xbps"]
        var options = [
            "os-distribution": distribution, "os-family": family, "os-version": version, "path": path,
            "package-manager": packageManager.map { managers[$0] ?? $0 } ?? "none",
        ]
        if let user {
            options["user"] = user.name
            options["home"] = user.home
            (options["uid"], options["gid"]) = ("\(user.uid)", "\(user.gid)")
        }
        if let compiler {
            options["system-ocaml"] = compiler.version
            options["ocaml-directory"] = compiler.directory
        }
        if let client { options["opam-client"] = client }
        return options
    }
}

extension Failure {
    /// The same failure with a location.
    fileprivate func located(at location: SourceLocation) -> Failure {
        Failure(
            category,
            diagnostics.map { diagnostic in
                var diagnostic = diagnostic
                diagnostic.location = diagnostic.location ?? location
                return diagnostic
            })
    }
}
