{{- define "oom.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}-oom
{{- end }}

{{- define "oom.selector" -}}
app.kubernetes.io/name: oom-fluent-bit
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "oom.labels" -}}
{{ include "oom.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "oom.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end }}

{{- /* Where the module is in the pod. */}}
{{- define "oom.module" -}}
{{- if .Values.module.image -}}
/fluent-bit/oom/plugin.wasm
{{- else -}}
/fluent-bit/oom/oom-fluentbit-names.wasm
{{- end }}
{{- end }}

{{- define "oom.priorityClass" -}}
{{- if .Values.priorityClass.create }}{{ include "oom.name" . }}{{ else }}{{ .Values.priorityClass.name }}{{ end }}
{{- end }}
