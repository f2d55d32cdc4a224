internal import PluginKit

/// Any Linux image: options, which `ci` derives from the image, provide the facts that other plugins contain about
/// their distributions.
struct Image: DistributionPlugin {
    let description = PluginDescription(
        name: "image", version: "1.0.0",
        summary: "OCI images of any Linux: packages by apt, dnf, zypper, pacman, apk or xbps.",
        distributions: [
            Distribution(
                name: "image", versions: [],
                architectures: ["x86_64", "arm64", "x86_32", "arm32", "ppc64", "s390x", "riscv64"], family: "linux",
                shell: .posix)
        ],
        options: ImageOptions.all)

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        let options = try ImageOptions(request)
        let wanted = request.request
        let compiler = try SystemCompilerOption.version(request)
        let client = try OpamClientOption.version(request)
        let variables = OpamVariables(
            os: "linux", distribution: options.distribution, family: options.family, version: options.version)
        let paths = Paths(
            home: options.home, opamRoot: "\(options.home)/ciso/opam", build: "\(options.home)/ciso/build")
        var environment = LinuxRoot.environment
        environment["HOME"] = options.home
        environment["USER"] = options.user
        environment["PATH"] = options.path(withCompiler: compiler != nil)
        var bootstrap = [ImageSteps.makeUser(options, paths)]
        if let manager = options.manager {
            bootstrap.append(
                ImageSteps.installBase(manager, options, compiler: compiler != nil, client: client != nil))
        }
        if client != nil, options.client != "opam" { bootstrap.append(ImageSteps.chooseClient(options.client)) }
        return TargetDescription(
            target: wanted.target,
            variables: variables.dictionary(architecture: wanted.architecture, systemCompiler: compiler),
            buildVariables: ["make": "make"], systemCompiler: request[SystemCompilerOption.option.name],
            opamClient: client,
            environment: EnvironmentDescription(
                kind: .image, image: options.image,
                bootstrap: bootstrap,
                probe: ImageSteps.probe(wanted.architecture, compiler: compiler != nil),
                inputs: OpamClientOption.inputs(client), shell: LinuxRoot.shell, paths: paths,
                buildUser: BuildUser(name: options.user, uid: options.uid, gid: options.gid),
                environment: environment))
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        guard let manager = (try? ImageOptions(request))?.manager else {
            return SystemPackageNames(allAbsentBecause: "the image has no package manager that is known here")
        }
        return SystemPackageNames(included: Set(manager.base), punctuation: "+-._@:")
    }

    func install(_ packages: [String], _ request: CheckedRequest) throws -> [Step] {
        guard let manager = try ImageOptions(request).manager else { return [] }
        return manager.family == .apt ? AptFamily.install(packages) : [manager.manager.step(packages)]
    }

    /// Queries the package manager whose program exists in the image.
    let versionQuery: String? = """
        if command -v dpkg-query >/dev/null 2>&1; then
            \(AptFamily.versionQuery)
        elif command -v rpm >/dev/null 2>&1; then
            \(DnfFamily.versionQuery)
        elif command -v pacman >/dev/null 2>&1; then
            \(PacmanFamily.versionQuery)
        elif command -v apk >/dev/null 2>&1; then
        \(ApkFamily.versionQuery)
        elif command -v xbps-query >/dev/null 2>&1; then
            for package in "$@"; do echo "$package $(xbps-query -p pkgver "$package")"; done
        fi
        """

    let patterns = ImagePatterns.all
}

@c(ciso_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(Image(), to: hostABI) }
