internal import Layers
internal import Model
internal import PluginMessages
internal import RunnerInterface

/// A way to execute a package's recipe: with the steps of the target's plugin, or with the opam client.
protocol BuildStrategy: Sendable {
    /// The steps, for a user to repeat.
    var steps: [Step] { get }

    /// Builds a package whose inputs have been laid out.
    ///
    /// - Parameter layers: Receives the layer of the package.
    /// - Throws: `PackageBuild.StepFailure`; `PackageFailure`; `Failure`; `CancellationError`.
    func build(_ request: JobRequest, in build: PackageBuild, keeping layers: LayerStore) async throws -> BuiltPackage
}

/// The runner itself executes the recipe: it lays out the source, runs the plugin's steps and records the package like
/// opam.
struct RecipeStrategy: BuildStrategy {
    let steps: [Step]

    func build(_ request: JobRequest, in build: PackageBuild, keeping layers: LayerStore) async throws -> BuiltPackage {
        try await build.layOut()
        try await build.run(steps, phases: [.configure, .build])
        if request.job.kind == .test {
            try await build.run(steps, phases: [.test])
            return BuiltPackage()
        }
        try await build.run(steps, phases: [.install])
        let overwrites = try await build.installAndRecord(request.files)
        var built = BuiltPackage(overwrites: overwrites)
        if request.job.package.backend != nil {
            let outputs = build.unikernelOutputs(try request.opamFile())
            (built.generated, built.image) = (try outputs.generated(), try outputs.image())
        }
        built.layer = try await build.capture(into: layers)
        return built
    }
}

/// The opam client of the environment executes the recipe in one step.
struct OpamClientStrategy: BuildStrategy {
    /// The step that runs the client.
    let client: Step
    /// The steps of the recipe, to identify the command that failed.
    let recipeSteps: [Step]

    var steps: [Step] { [client] }

    func build(_ request: JobRequest, in build: PackageBuild, keeping layers: LayerStore) async throws -> BuiltPackage {
        do {
            try await build.run([client], phases: [client.phase])
        } catch let failure as PackageBuild.StepFailure {
            throw try OpamClient.judged(failure, steps: recipeSteps)
        }
        if request.job.kind == .test { return BuiltPackage() }
        let overwrites = try await build.recordClientInstallation(request.files)
        return BuiltPackage(layer: try await build.capture(into: layers), overwrites: overwrites)
    }
}
