//! Functions that return a future or a stream without being `async`.

use syn::{
    AngleBracketedGenericArguments, GenericArgument, PathArguments, PathSegment, ReturnType,
    Signature, Type, TypeParamBound,
};

use super::client;

/// Makes the output of a function that returns a future that of the future, and returns whether it does.
///
/// Input:
///
/// ```text
/// fn get(&self) -> impl Future<Output = T> + Send
/// fn get(&self) -> Pin<Box<dyn Future<Output = T> + Send + '_>>
/// fn get(&self) -> BoxFuture<'_, T>
/// ```
///
/// Output:
///
/// ```text
/// fn get(&self) -> T
/// ```
pub(crate) fn await_output(sig: &mut Signature) -> bool {
    let ReturnType::Type(_, ty) = &mut sig.output else { return false };
    let Some(output) = output_of(ty) else { return false };
    **ty = output;
    true
}

fn output_of(ty: &Type) -> Option<Type> {
    if let Some(future) = bound_called(ty, "Future") {
        return associated(future, "Output");
    }
    let is_boxed =
        ["BoxFuture", "LocalBoxFuture", "BoxCall"].iter().any(|name| is_called(ty, name));
    last_segment(ty).filter(|_| is_boxed).and_then(|last| types(last).last().cloned())
}

/// Whether `ty` is a stream, as far as that can be told by its names.
pub(crate) fn is_stream(ty: &Type) -> bool {
    let is_boxed = is_called(ty, "BoxStream") || is_called(ty, "LocalBoxStream");
    is_boxed || bound_called(ty, "Stream").is_some()
}

/// Returns the bound with this name of an `impl Trait`, or of a `dyn Trait` that is pinned in a box.
fn bound_called<'a>(ty: &'a Type, name: &str) -> Option<&'a PathSegment> {
    let bounds = match ty {
        Type::Group(group) => return bound_called(&group.elem, name),
        Type::Paren(paren) => return bound_called(&paren.elem, name),
        Type::ImplTrait(ty) => &ty.bounds,
        ty => match pointee(pointee(ty, "Pin")?, "Box")? {
            Type::TraitObject(ty) => &ty.bounds,
            _ => return None,
        },
    };
    bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            bound.path.segments.last().filter(|last| last.ident == name)
        }
        _ => None,
    })
}

/// Returns the `T` of a `POINTER<T>`.
pub(crate) fn pointee<'a>(ty: &'a Type, pointer: &str) -> Option<&'a Type> {
    last_segment(ty).filter(|last| last.ident == pointer).and_then(|last| types(last).next())
}

/// Whether the last name of a type is `name`.
pub(crate) fn is_called(ty: &Type, name: &str) -> bool {
    client::name_of(ty).is_some_and(|found| found == name)
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    client::path_of(ty).and_then(|path| path.segments.last())
}

fn types(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    arguments(segment).into_iter().flat_map(|arguments| &arguments.args).filter_map(|argument| {
        match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        }
    })
}

fn associated(bound: &PathSegment, name: &str) -> Option<Type> {
    arguments(bound)?.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(found) if found.ident == name => Some(found.ty.clone()),
        _ => None,
    })
}

fn arguments(segment: &PathSegment) -> Option<&AngleBracketedGenericArguments> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments),
        _ => None,
    }
}
