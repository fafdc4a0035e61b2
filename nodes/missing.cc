// Nodes of ComfyUI 0.3.64 that heddle does not have yet: a graph that uses one is told so.
#include "engine/registry.h"
#include "nodes/families.h"

namespace heddle {
namespace {

struct Missing {
  const char* topic;
  std::vector<const char*> names;
};

const std::vector<Missing>& missing_nodes() {
  static const std::vector<Missing> kMissing{
      {"ControlNet",
       {"ControlNetLoader", "DiffControlNetLoader", "ControlNetApply", "ControlNetApplyAdvanced", "ControlNetApplySD3",
        "SetUnionControlNetType", "ControlNetInpaintingAliMamaApply", "CLIPTextEncodeControlnet",
        "QwenImageDiffsynthControlnet", "StableCascade_SuperResolutionControlnet", "Canny"}},
      {"style models", {"StyleModelLoader", "StyleModelApply", "ModelPatchLoader", "USOStyleReference"}},
      {"GLIGEN", {"GLIGENLoader", "GLIGENTextBoxApply"}},
      {"upscale models", {"UpscaleModelLoader", "ImageUpscaleWithModel"}},
      {"CLIP vision", {"CLIPVisionLoader", "CLIPVisionEncode"}},
      {"unCLIP", {"unCLIPCheckpointLoader", "unCLIPConditioning"}},
      {"PhotoMaker", {"PhotoMakerLoader", "PhotoMakerEncode"}},
      {"the upscaling model of Stable Diffusion 2", {"SD_4XUpscale_Conditioning"}},
      {"lists of pictures", {"RebatchLatents", "RebatchImages", "LoadImageSetFromFolderNode"}},
      {"animated pictures and drawings", {"SaveAnimatedWEBP", "SaveAnimatedPNG", "SaveSVGNode"}},
      {"cameras", {"WebcamCapture"}},
      {"training",
       {"TrainLoraNode", "SaveLoRANode", "LoraModelLoader", "LoadImageTextSetFromFolderNode", "LossGraphNode"}},
      {"LoRA and model changes by prompt or step",
       {"CreateHookLora", "CreateHookLoraModelOnly", "CreateHookModelAsLora", "CreateHookModelAsLoraModelOnly",
        "SetHookKeyframes", "CreateHookKeyframe", "CreateHookKeyframesInterpolated", "CreateHookKeyframesFromFloats",
        "CombineHooks2", "CombineHooks4", "CombineHooks8", "ConditioningSetProperties",
        "ConditioningSetPropertiesAndCombine", "PairConditioningSetProperties",
        "PairConditioningSetPropertiesAndCombine", "ConditioningSetDefaultCombine", "PairConditioningSetDefaultCombine",
        "PairConditioningCombine", "SetClipHooks", "ConditioningTimestepsRange"}},
      {"computing in other number types", {"ModelComputeDtype"}},
      {"compiling and caching of networks", {"TorchCompileModel", "EasyCache", "LazyCache"}},
      {"Stable Cascade",
       {"StableCascade_EmptyLatentImage", "StableCascade_StageB_Conditioning", "StableCascade_StageC_VAEEncode",
        "ModelSamplingStableCascade"}},
      {"Stable Diffusion 3",
       {"TripleCLIPLoader", "EmptySD3LatentImage", "CLIPTextEncodeSD3", "SkipLayerGuidanceSD3", "ModelSamplingSD3",
        "ModelMergeSD3_2B", "ModelMergeSD35_Large", "SkipLayerGuidanceDiT", "SkipLayerGuidanceDiTSimple"}},
      {"Flux",
       {"CLIPTextEncodeFlux", "FluxGuidance", "FluxDisableGuidance", "FluxKontextImageScale",
        "FluxKontextMultiReferenceLatentMethod", "ModelSamplingFlux", "ModelMergeFlux1", "ReferenceLatent"}},
      {"PixArt", {"CLIPTextEncodePixArtAlpha", "T5TokenizerOptions"}},
      {"AuraFlow", {"ModelSamplingAuraFlow", "ModelMergeAuraflow"}},
      {"Lumina 2", {"CLIPTextEncodeLumina2"}},
      {"HiDream", {"QuadrupleCLIPLoader", "CLIPTextEncodeHiDream"}},
      {"Qwen Image", {"TextEncodeQwenImageEdit", "TextEncodeQwenImageEditPlus", "ModelMergeQwenImage"}},
      {"Chroma", {"EmptyChromaRadianceLatentImage", "ChromaRadianceOptions", "OptimalStepsScheduler"}},
      {"Lotus", {"LotusConditioning"}},
      {"Hunyuan Image", {"CLIPTextEncodeHunyuanDiT", "EmptyHunyuanImageLatent", "HunyuanRefinerLatent"}},
      {"video",
       {"ImageOnlyCheckpointLoader", "ImageOnlyCheckpointSave", "SVD_img2vid_Conditioning",
        "ConditioningSetAreaPercentageVideo", "TextEncodeHunyuanVideo_ImageToVideo",
        "EmptyHunyuanLatentVideo", "HunyuanImageToVideo", "EmptyMochiLatentVideo", "ModelMergeMochiPreview",
        "EmptyLTXVLatentVideo", "LTXVImgToVideo", "ModelSamplingLTXV", "LTXVConditioning", "LTXVScheduler",
        "LTXVAddGuide", "LTXVPreprocess", "LTXVCropGuides", "ModelMergeLTXV", "EmptyCosmosLatentVideo",
        "CosmosImageToVideoLatent", "CosmosPredict2ImageToVideoLatent", "ModelMergeCosmos7B", "ModelMergeCosmos14B",
        "ModelMergeCosmosPredict2_2B", "ModelMergeCosmosPredict2_14B", "ModelMergeWAN2_1", "SaveWEBM", "SaveVideo",
        "CreateVideo", "GetVideoComponents", "LoadVideo", "WanTrackToVideo", "WanImageToVideo", "WanFunControlToVideo",
        "Wan22FunControlToVideo", "WanFunInpaintToVideo", "WanFirstLastFrameToVideo", "WanVaceToVideo",
        "TrimVideoLatent", "WanCameraImageToVideo", "WanCameraEmbedding", "WanPhantomSubjectToVideo",
        "WanSoundImageToVideo", "WanSoundImageToVideoExtend", "WanHuMoImageToVideo", "WanAnimateToVideo",
        "Wan22ImageToVideoLatent", "ContextWindowsManual", "WanContextWindowsManual"}},
      {"audio",
       {"EmptyLatentAudio", "VAEEncodeAudio", "VAEDecodeAudio", "SaveAudio", "SaveAudioMP3", "SaveAudioOpus",
        "LoadAudio", "PreviewAudio", "ConditioningStableAudio", "RecordAudio", "TrimAudioDuration",
        "SplitAudioChannels", "AudioConcat", "AudioMerge", "AudioAdjustVolume", "EmptyAudio", "TextEncodeAceStepAudio",
        "EmptyAceStepLatentAudio", "AudioEncoderLoader", "AudioEncoderEncode"}},
      {"3D",
       {"StableZero123_Conditioning", "StableZero123_Conditioning_Batched", "SV3D_Conditioning", "Load3D",
        "Load3DAnimation", "Preview3D", "Preview3DAnimation", "EmptyLatentHunyuan3Dv2", "Hunyuan3Dv2Conditioning",
        "Hunyuan3Dv2ConditioningMultiView", "VAEDecodeHunyuan3D", "VoxelToMeshBasic", "VoxelToMesh", "SaveGLB"}},
  };
  return kMissing;
}

}  // namespace

void register_missing_nodes(Registry& registry) {
  for (const Missing& group : missing_nodes()) {
    for (const char* name : group.names) registry.add_missing(name, group.topic);
  }
  // ComfyUI's web frontend 1.27.10 breaks off where it draws a loader of any kind, if one of its own is not declared.
  for (const char* name : {"ControlNetLoader", "GLIGENLoader", "ImageOnlyCheckpointLoader", "StyleModelLoader", "UpscaleModelLoader"}) {
    registry.announce_missing(name);
  }
}

}  // namespace heddle
